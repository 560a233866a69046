"""With `directions: each`, only the direction of a pair that is not clean leaves its path, on simulated switches."""

from __future__ import annotations

from random import Random

import networkx
import pytest
from controller_samples import six, triangle
from engine_bench import Bench, both, started
from every import every
from oracle_lab import played

from benchmarks.random_cases import Blip, Case
from controller.decisions import Decision, Kept, Review
from controller.messages import SwitchConnected
from controller.settings import ControllerSettings
from hostio.timing import MS, S
from topologies.model import Direction

EACH = ControllerSettings(hold_ns=500 * MS, directions="each")
EAST_WEST = Direction("east", "west")
LANES = range(16)


def ways(bench: Bench, source: str, destination: str) -> set[tuple[str, ...]]:
    """The relays that the lanes from one cluster to another pass."""
    return {tuple(bench.relays_passed(source, destination, lane)) for lane in LANES}


def rerouting(bench: Bench) -> dict[int, int]:
    """By switch, how many rules of reroutes it has."""
    switches = [key[0] for key in bench.tables if key[1] == 200]
    return {switch: switches.count(switch) for switch in switches}


def test_the_other_direction_stays_where_it_is_and_its_switch_hears_nothing() -> None:
    bench = started(triangle(), EACH)
    bench.cut = {EAST_WEST}
    bench.run(1 * S)
    assert (ways(bench, "east", "west"), ways(bench, "west", "east")) == ({("central",)}, {()})
    assert rerouting(bench) == {1: 16}
    (decision,) = bench.decisions()
    assert (decision.a, decision.b, decision.via, decision.one_way) == ("east", "west", "central", True)
    bench.cut = set()
    bench.run(2 * S)
    assert (ways(bench, "east", "west"), rerouting(bench)) == ({()}, {})
    assert [(each.via, each.one_way) for each in bench.decisions()] == [("central", True), (None, True)]


def test_unless_asked_for_both_directions_move_as_ever() -> None:
    bench = started(triangle())
    bench.cut = {EAST_WEST}
    bench.run(1 * S)
    assert rerouting(bench) == {1: 16, 3: 16}
    assert [each.one_way for each in bench.decisions()] == [False]


def test_each_direction_moves_and_returns_in_its_own_time() -> None:
    bench = started(triangle(), EACH)
    bench.cut = both("east", "west")
    bench.run(1 * S)
    assert rerouting(bench) == {1: 16, 3: 16}
    bench.cut = {EAST_WEST.reversed()}
    bench.run(3 * S)
    assert (ways(bench, "east", "west"), ways(bench, "west", "east")) == ({()}, {("central",)})


def test_a_relay_serves_whose_legs_are_dark_the_other_way_only() -> None:
    """Of both directions together no pair would have a detour."""
    dark = {EAST_WEST, Direction("central", "east"), Direction("west", "central")}
    bench = started(triangle(), EACH)
    bench.cut = dark
    bench.run(1 * S)
    assert ways(bench, "east", "west") == {("central",)}
    together = started(triangle())
    together.cut = dark
    together.run(1 * S)
    assert ways(together, "east", "west") == {()}


def test_why_a_direction_stays_is_logged_of_it_alone() -> None:
    bench = started(triangle(), EACH)
    bench.cut = {EAST_WEST, Direction("central", "west")}
    bench.run(1 * S)
    kept = [each for each in bench.records if isinstance(each, Kept)]
    assert {(each.a, each.b, each.one_way) for each in kept} == {("east", "west", True), ("central", "west", True)}
    assert every("west is cut off" in each.reason and "it hears nobody" in each.reason for each in kept[-2:])


def test_a_new_controller_takes_up_one_direction() -> None:
    before = started(triangle(), EACH)
    before.cut = {EAST_WEST}
    before.run(1 * S)
    bench = Bench(triangle(), EACH)
    bench.tables, bench.now_ns, bench.cut = dict(before.tables), before.now_ns + 2 * S, before.cut
    for cluster in bench.topology.clusters:
        rules = tuple(rule for key, rule in bench.tables.items() if key[0] == cluster.ordinal)
        bench.perform(bench.engine.handle(SwitchConnected(cluster.ordinal, rules), bench.now_ns))
    assert [(each.a, each.b, each.one_way) for each in bench.records if isinstance(each, Review)] == [
        ("east", "west", True)
    ]
    bench.run(2 * S)
    assert (ways(bench, "east", "west"), rerouting(bench)) == ({("central",)}, {1: 16})
    bench.cut = set()
    bench.run(3 * S)
    assert rerouting(bench) == {}


@pytest.mark.parametrize("seed", range(4))
def test_every_direction_has_a_way_over_one_relay_wherever_there_is_one_and_none_loops(seed: int) -> None:
    """What is there is found by networkx: two clean directions of links in a row, over a cluster between."""
    random = Random(f"one direction {seed}")
    bench = started(six(), EACH)
    bench.cut = set(random.sample(bench.topology.directions, 8))
    bench.run(1 * S)
    clean = networkx.DiGraph([*set(bench.topology.directions) - bench.cut])
    for ends in bench.topology.directions:
        (taken,) = ways(bench, *ends)
        if ends not in bench.cut:
            assert taken == ()
        else:
            over = set(clean.successors(ends.source)) & set(clean.predecessors(ends.destination))
            assert set(taken) <= over
            assert bool(taken) == bool(over)


def test_the_oracle_predicts_each_direction_by_itself() -> None:
    links = (("c1", "c2", 9), ("c1", "c3", 2), ("c2", "c3", 2))
    dark = (Blip("one-way", ("c1", "c2"), 0, 700), Blip("one-way", ("c2", "c1"), 400, 700))
    run = played(Case("one-way", ("c1", "c2", "c3"), links, dark, 4000, hold_ms=300, directions="each"), after_ns=2 * S)
    assert run.disagreements() == []
    moves = [each for each in run.bench.records if isinstance(each, Decision)]
    assert [(each.a, each.b, each.via) for each in moves] == [
        ("c1", "c2", "c3"),
        ("c2", "c1", "c3"),
        ("c1", "c2", None),
        ("c2", "c1", None),
    ]
    bench = run.bench
    bench.settings = ControllerSettings(hold_ns=300 * MS)
    assert run.disagreements() != [], "a controller that moves both directions would have done otherwise"
