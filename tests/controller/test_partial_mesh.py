"""Partial meshes: direct paths against networkx, and every cut of one link repaired by what the switches then do."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise
from random import Random

import networkx
import pytest
from controller_samples import all_clean, broken
from engine_bench import Bench, started
from every import every

from controller.decisions import Kept
from controller.health import ObservedRelay, RelayHealth
from controller.moves import Move, Reroutes, after
from controller.policies.failover import failover
from controller.settings import ControllerSettings
from controller.situation import Situation
from hostio.timing import MS, S
from topologies.model import Cluster, Direction, Link, OneWay, Topology


def network(*links: tuple[str, str, int]) -> Topology:
    """Clusters in the order of their names; delays in ms, both ways."""
    names = sorted({name for link in links for name in link[:2]})
    clusters = tuple(Cluster(name, ordinal) for ordinal, name in enumerate(names, 1))
    return Topology("network", clusters, tuple(Link.alike(a, b, delay_ms * MS) for a, b, delay_ms in links))


RING = network(("a", "b", 1), ("b", "c", 2), ("c", "d", 3), ("a", "d", 2))
"""From d to b it is 3 ms over a and 5 over c, from c to a 3 over b and 5 over d."""


def random_mesh(seed: int) -> Topology:
    """Two links or more at every cluster, no bridge; every link no longer than the way around it."""
    random = Random(seed)
    while True:
        places = {f"n{number}": (random.random(), random.random()) for number in range(random.randint(5, 10))}
        ends = [pair for pair in combinations(places, 2) if random.random() < 0.35]
        graph = networkx.Graph(ends)
        if set(graph) == set(places) and networkx.is_connected(graph) and not networkx.has_bridges(graph):
            break
    return network(*((a, b, round(1 + 50 * abs(complex(*places[a]) - complex(*places[b])))) for a, b in ends))


def cut_situation(topology: Topology, link: Link, settings: ControllerSettings | None = None) -> Situation:
    health = {**all_clean(topology), **dict.fromkeys(link.directions, broken())}
    return Situation(topology, health, {}, {}, settings or ControllerSettings(), 1000 * S)


def relays_after(topology: Topology, reroutes: Reroutes, cut: Link, source: str, destination: str) -> list[str]:
    """Follow a packet as switches and relays do: the relays it passes. It must not meet the cut link, nor go round."""
    at, passed = source, list[str]()
    while at != destination:
        towards = reroutes.get(Direction(at, destination), destination)
        for hop in pairwise(topology.paths[Direction(at, towards)]):
            assert set(hop) != {cut.a, cut.b}, f"{source}→{destination} over {passed} meets the cut"
        at = towards
        passed.append(at)
        assert len(passed) <= len(topology.clusters)
    return passed[:-1]


def paths_after(topology: Topology, cut: Link) -> dict[Direction, list[str]]:
    """The relays on the way between any two clusters that the policy says are repaired, or were not touched."""
    decisions = failover(cut_situation(topology, cut))
    reroutes: Reroutes = {}
    for decision in decisions:
        if isinstance(decision, Move):
            reroutes = after(decision, reroutes)
    kept = {frozenset((each.a, each.b)) for each in decisions if isinstance(each, Kept)}
    assert every(each.reason.startswith("no detour: ") for each in decisions if isinstance(each, Kept)) or not kept
    ends = [each for each in topology.paths if frozenset(each) not in kept]
    return {each: relays_after(topology, reroutes, cut, *each) for each in ends}


@pytest.mark.parametrize("seed", range(20))
def test_direct_paths_are_links_or_those_of_least_delay(seed: int) -> None:
    topology = random_mesh(seed)
    graph = networkx.DiGraph()
    for direction, way in topology.one_ways.items():
        graph.add_edge(*direction, weight=way.delay_ns)
    for (source, destination), path in topology.paths.items():
        assert (path[0], path[-1]) == (source, destination)
        # A link is taken even where a way around it is shorter, by whoever comes to it as well.
        shorter = graph.copy()
        linked = [node for node in graph if graph.has_edge(node, destination)]
        shorter.remove_edges_from(
            [(node, each) for node in linked for each in list(graph[node]) if each != destination]
        )
        expected_ns = networkx.dijkstra_path_length(shorter, source, destination)
        assert topology.one_way_ns(source, destination) == expected_ns
        assert every(topology.paths[Direction(node, destination)] == path[at:] for at, node in enumerate(path[:-1]))


def test_a_path_is_the_least_delay_of_its_own_direction() -> None:
    """There over b, back over c."""
    clusters = tuple(Cluster(name, ordinal) for ordinal, name in enumerate("abcd", 1))
    fast, slow = OneWay(1 * MS), OneWay(9 * MS)
    links = (
        Link("a", "b", fast, slow),
        Link("b", "d", fast, slow),
        Link("a", "c", slow, fast),
        Link("c", "d", slow, fast),
    )
    topology = Topology("lopsided", clusters, links)
    assert topology.paths[Direction("a", "d")] == ("a", "b", "d")
    assert topology.paths[Direction("d", "a")] == ("d", "c", "a")
    assert topology.one_way_ns("a", "d") == topology.one_way_ns("d", "a") == 2 * MS
    (pair,) = [each for each in topology.direct_paths if (each.a, each.b) == ("a", "d")]
    assert len(pair.directions) == 4
    assert pair.word == "direct path"


def test_no_path_leads_to_an_island() -> None:
    topology = network(("a", "b", 1), ("c", "d", 1))
    assert set(topology.paths) == {Direction(*ends) for ends in ("ab", "ba", "cd", "dc")}
    with pytest.raises(KeyError):
        topology.one_way_ns("a", "c")


def test_a_cut_in_a_ring_of_four_takes_two_relays_each_sending_to_the_other() -> None:
    found = {(each.a, each.b): each for each in failover(cut_situation(RING, RING.link("a", "b")))}
    assert {pair: move.relays for pair, move in found.items() if isinstance(move, Move)} == {
        ("b", "d"): ("c",),
        ("a", "c"): ("d",),
        ("a", "b"): ("d", "c"),
    }
    paths = paths_after(RING, RING.link("a", "b"))
    assert (paths[Direction("a", "b")], paths[Direction("b", "a")]) == (["d", "c"], ["c", "d"])


def test_where_one_relay_is_the_most_that_pair_has_no_detour_and_the_log_says_so() -> None:
    one = ControllerSettings(max_relays=1)
    kept = [each for each in failover(cut_situation(RING, RING.link("a", "b"), one)) if isinstance(each, Kept)]
    assert [(each.a, each.b, each.reason.split(";")[0]) for each in kept] == [
        ("a", "b", "no detour: no relay is healthy and has two clean legs")
    ]


@pytest.mark.parametrize("seed", range(40))
def test_a_cut_of_any_link_of_a_mesh_without_bridges_is_repaired_over_two_relays_at_most(seed: int) -> None:
    topology = random_mesh(seed)
    for link in topology.links:
        paths = paths_after(topology, link)
        assert set(paths) == set(topology.paths), f"{seed}: {link.a}–{link.b}"
        assert max(map(len, paths.values())) <= 2


def test_a_relay_that_the_cluster_before_it_finds_unhealthy_is_passed_over() -> None:
    """Round a ring, from b over a, f, e and d to c: the relay at e would do, and f and d are beside it."""
    ring = network(*((a, b, 2 if a == "b" else 1) for a, b in pairwise("abcdefa")))
    cut = cut_situation(ring, ring.link("b", "c"))
    (move,) = [each for each in failover(cut) if (each.a, each.b) == ("b", "c")]
    assert isinstance(move, Move)
    assert move.relays == ("e",)
    stuck = RelayHealth(broken("no canary for 512 ms"), 1000 * S)
    watched = replace(cut, relays={ObservedRelay("f", "e"): stuck})
    (other,) = [each for each in failover(watched) if (each.a, each.b) == ("b", "c")]
    assert isinstance(other, Move)
    assert other.relays == ("f",)


def test_nothing_goes_round_a_bridge_and_each_pair_behind_it_is_explained() -> None:
    topology = network(("a", "b", 1), ("b", "c", 1), ("a", "c", 1), ("c", "d", 1))
    decisions = failover(cut_situation(topology, topology.link("c", "d")))
    assert {frozenset((each.a, each.b)) for each in decisions} == {frozenset((name, "d")) for name in "abc"}
    assert every(isinstance(each, Kept) and each.reason.startswith("no detour: ") for each in decisions)


def test_the_switches_carry_a_ring_s_detour_and_take_it_back() -> None:
    bench = started(RING)
    bench.cut = {*RING.link("a", "b").directions}
    bench.run(2 * S)
    decisions = {(each.a, each.b): (each.via, each.then) for each in bench.decisions()}
    assert decisions == {("b", "d"): ("c", None), ("a", "c"): ("d", None), ("a", "b"): ("d", "c")}
    assert passed(bench, "a", "b") == ["d", "c"]
    bench.cut = set()
    bench.run(3 * S)
    assert [(each.a, each.b, each.relays) for each in bench.decisions()[3:]] == [
        ("a", "b", ()),
        ("a", "c", ()),
        ("b", "d", ()),
    ]
    assert {rule.priority for rule in bench.tables.values()} == {100}


def passed(bench: Bench, source: str, destination: str) -> list[str]:
    return bench.relays_passed(source, destination, lane=3)
