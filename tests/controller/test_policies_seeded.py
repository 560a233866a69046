"""What holds under every policy whatever fails, on simulated switches: random faults from a seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import reduce
from random import Random
from typing import get_args

import pytest
from controller_samples import all_clean, broken, six
from engine_bench import Bench

from controller.decisions import Decision, Kept
from controller.engine import Engine
from controller.moves import ALL_LANES, NO_REROUTES, LaneReroutes, Move, PolicyDecision, after_in_lanes
from controller.policies.failover import failover
from controller.policies.headroom import headroom, lane_by_lane
from controller.settings import ControllerSettings, PolicyChoice, PolicyName
from controller.situation import Situation
from controller.traffic import PairTraffic, RelayCapacity, Traffic
from hostio.timing import MS, S
from scenarios.language.topology_files import load_topology
from topologies.model import Direction, Topology

SHARE = 0.8


def traffic(random: Random, topology: Topology) -> Traffic:
    """Some hundred packets a second in each lane of each pair, and capacities for a part of what may come beside."""
    pairs = tuple(
        PairTraffic(path.a, path.b, tuple(random.randrange(0, 500, 50) for _ in ALL_LANES))
        for path in topology.direct_paths
    )
    own = Traffic(pairs)
    capacities = tuple(
        RelayCapacity(each.name, round((own.ending_at(each.name) + random.randrange(2000, 8000)) / SHARE))
        for each in topology.clusters
    )
    return Traffic(pairs, capacities)


def bench_of(choice: PolicyChoice, stated: Traffic, pace_ns: int) -> Bench:
    settings = ControllerSettings(hold_ns=300 * MS, policy=choice, pace_ns=pace_ns)
    bench = Bench(six(), settings)
    bench.engine = Engine(bench.topology, settings, traffic=stated)
    bench.connect()
    bench.run(1 * S)
    return bench


def loads(bench: Bench, stated: Traffic) -> dict[str, int]:
    """Packets a second at every relay, by following each lane through the flow tables."""
    found = {each.name: stated.ending_at(each.name) for each in bench.topology.clusters}
    for pair in stated.pairs:
        for lane, packets in enumerate(pair.lanes):
            for relay in bench.relays_passed(pair.a, pair.b, lane):
                found[relay] += packets
    return found


def is_cut(bench: Bench, a: str, b: str) -> bool:
    return not bench.cut.isdisjoint((Direction(a, b), Direction(b, a)))


@pytest.mark.parametrize("name", get_args(PolicyName))
def test_whatever_fails(name: PolicyName) -> None:
    random = Random(f"{name} 1")
    stated = traffic(random, six())
    bench = bench_of(PolicyChoice(name, relays=random.randint(2, 4), share=SHARE), stated, random.choice((0, 400 * MS)))
    links = bench.topology.links
    for _ in range(2):
        bench.cut = {random.choice(link.directions) for link in random.sample(links, random.randint(0, 9))}
        bench.records.clear()
        bench.run(random.randint(1, 12) * 100 * MS)
        for lane in ALL_LANES:
            for direction in bench.topology.directions:
                bench.relays_passed(*direction, lane=lane)  # which fails if there is a loop
        if name == "headroom":
            carried = loads(bench, stated)
            for each in stated.capacities:
                assert carried[each.cluster] <= each.packets_per_s * SHARE
    bench.cut = set()
    bench.run(4 * S)
    direct = {100} if name == "direct-only" else {100, 150}
    assert {rule.priority for rule in bench.tables.values()} == direct
    assert name != "direct-only" or bench.decisions() == []


@pytest.mark.parametrize("name", get_args(PolicyName))
def test_every_lane_on_a_cut_path_has_its_reason(name: PolicyName) -> None:
    """Once all is found and moved, a lane is still on a cut path only if the log says why its pair, or it, stays."""
    random = Random(f"reasons {name}")
    stated = traffic(random, six())
    bench = bench_of(PolicyChoice(name, relays=2, share=SHARE), stated, 0)
    stays = 0
    bench.records.clear()
    bench.cut = {random.choice(link.directions) for link in random.sample(bench.topology.links, 10)}
    bench.run(1 * S)
    kept = {(each.a, each.b): each.reason for each in bench.records if isinstance(each, Kept)}
    for link in bench.topology.links:
        direct = [lane for lane in ALL_LANES if not bench.relays_passed(link.a, link.b, lane)]
        if is_cut(bench, link.a, link.b) and direct:
            assert kept[link.a, link.b]
            stays += 1
    moved = [each for each in bench.records if isinstance(each, Decision)]
    assert stays or moved
    assert stays or name != "direct-only"


@pytest.mark.parametrize("seed", range(8))
def test_failover_takes_the_nearest_relay_with_four_clean_ways(seed: int) -> None:
    """Against the links themselves: pairs are judged in order, and what is rerouted by then is no leg."""
    random, topology = Random(f"nearest {seed}"), six()
    names = [each.name for each in topology.clusters]
    bad = {direction for direction in topology.directions if random.random() < 0.15}
    health = all_clean(topology) | {direction: broken() for direction in bad}
    settings = ControllerSettings(max_relays=1)
    rerouted: set[frozenset[str]] = set()
    expected: dict[frozenset[str], tuple[str, ...]] = {}

    def usable(a: str, b: str) -> bool:
        return not {Direction(a, b), Direction(b, a)} & bad and frozenset((a, b)) not in rerouted

    for link in topology.links:
        if set(link.directions) & bad:
            relays = [each for each in names if each not in (link.a, link.b) and usable(link.a, each)]
            relays = [each for each in relays if usable(each, link.b)]
            expected[frozenset((link.a, link.b))] = tuple(
                sorted(
                    relays,
                    key=lambda relay: sum(topology.link(relay, end).there.delay_ns for end in (link.a, link.b)),
                )[:1]
            )
            if relays:
                rerouted.add(frozenset((link.a, link.b)))
    decisions = failover(Situation(topology, health, {}, {}, settings, 9 * S))
    assert expected
    assert {
        frozenset((each.a, each.b)): each.relays if isinstance(each, Move) else () for each in decisions
    } == expected


def reroutes_after(decisions: Iterable[PolicyDecision]) -> LaneReroutes:
    moves = [each for each in decisions if isinstance(each, Move)]
    return reduce(lambda by_lane, move: after_in_lanes(move, by_lane), moves, NO_REROUTES)


def test_headroom_comes_to_the_same_for_all_lanes_together_as_lane_by_lane() -> None:
    """Whether or not relays have room: in some of these situations all lanes go, in some only a part of them."""
    topology, random, parted = load_topology("us-6"), Random("together"), Counter[bool]()
    for _ in range(40):
        dark = {
            direction for link in random.sample(topology.links, random.randint(1, 5)) for direction in link.directions
        }
        links = {**all_clean(topology), **dict.fromkeys(dark, broken("cut"))}
        settings = ControllerSettings(policy=PolicyChoice("headroom", share=SHARE))
        now = Situation(
            topology, links, {}, {}, settings, 10 * S, by_lane=NO_REROUTES, traffic=traffic(random, topology)
        )
        found = reroutes_after(headroom(now))
        assert found == reroutes_after(lane_by_lane(now))
        parted[len({frozenset(each.items()) for each in found}) > 1] += 1
    assert min(parted[False], parted[True]) > 5, parted
