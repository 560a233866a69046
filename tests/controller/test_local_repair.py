"""Local repair on simulated switches: what they do by themselves, and what the controller makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest
from controller_samples import mesh, six, triangle
from engine_bench import Bench

from controller.decisions import Decision
from controller.flow_rules import Bucket, GroupRule
from controller.messages import Install, SwitchConnected
from controller.settings import ControllerSettings, PolicyChoice
from hostio.timing import MS, S
from topologies.model import LAN_PORT, Cluster, Direction, Link, Topology

BFD = ControllerSettings(detect=("bfd",), hold_ns=500 * MS)
LANES = range(16)


def watching(topology: Topology, settings: ControllerSettings = BFD) -> Bench:
    """All sessions are up, and health is known."""
    bench = Bench(topology, settings)
    bench.connect()
    for link in topology.links:
        bench.sessions(link.a, link.b, up=True)
    bench.run(1 * S)
    bench.records.clear()
    return bench


def both_ways(bench: Bench, a: str, b: str) -> list[list[str]]:
    """The relays that each lane passes, from either end."""
    return [bench.relays_passed(*ends, lane) for lane in LANES for ends in ((a, b), (b, a))]


def groups_sent(installs: Iterable[object]) -> list[GroupRule]:
    rules = [rule for install in installs if isinstance(install, Install) for rule in install.rules]
    return [rule for rule in rules if isinstance(rule, GroupRule)]


def test_switches_move_all_lanes_at_both_ends_before_the_controller_says_a_word() -> None:
    bench = watching(triangle())
    assert both_ways(bench, "east", "west") == [[]] * 32
    bench.dead |= {(1, 3), (3, 1)}
    assert both_ways(bench, "east", "west") == [["central"]] * 32
    assert both_ways(bench, "east", "central") == [[]] * 32
    bench.dead.clear()
    assert both_ways(bench, "east", "west") == [[]] * 32


def test_each_lane_of_each_linked_pair_has_a_group_at_each_end() -> None:
    bench = watching(six())
    assert len(bench.groups) == 15 * 2 * 16
    assert {group.type for group in bench.groups.values()} == {"fast-failover"}
    for (switch, _), group in bench.groups.items():
        direct, detour, last_resort = group.buckets
        assert (last_resort.output, last_resort.watch_port) == (direct.output, LAN_PORT)
        assert direct.set_fields == ()
        assert (direct.output, detour.output) == (direct.watch_port, detour.watch_port)
        assert detour.output not in (direct.output, switch)
        relay = Cluster("relay", detour.output or 0)
        assert dict(detour.set_fields) == {"eth_dst": relay.mac, "ipv4_dst": str(relay.address)}


def test_the_relay_is_the_one_that_the_controller_then_takes() -> None:
    """For every link of a mesh by itself; the policy is asked, and its choice read from its record."""
    for link in six().links:
        bench = watching(six())
        ends = bench.topology.ordinals(Direction(link.a, link.b))
        bench.dead |= {ends, ends[::-1]}
        (repaired,) = {tuple(relays) for relays in both_ways(bench, link.a, link.b)}
        bench.sessions(link.a, link.b, up=False)
        bench.run(50 * MS)
        (decision,) = [each for each in bench.decisions() if {each.a, each.b} == {link.a, link.b}]
        assert decision.relays == repaired
        assert both_ways(bench, link.a, link.b) == [list(repaired)] * 32


def test_a_decision_says_when_a_switch_had_made_the_move_by_itself() -> None:
    bench = watching(triangle())
    bench.run(30 * MS)
    seen_ns = bench.now_ns
    bench.sessions("east", "west", up=False)
    bench.run(50 * MS)
    (decision,) = bench.decisions()
    assert (decision.seen_ns, decision.repaired_ns, decision.in_force_ns) == (seen_ns, seen_ns, seen_ns)
    assert decision.installed_ns > decision.decided_ns
    assert decision.reason == "east→west: BFD session down at east"


def test_lanes_stay_on_the_relay_until_the_hold_time_is_over_though_the_port_is_live() -> None:
    bench = watching(triangle())
    bench.sessions("east", "west", up=False)
    bench.run(1 * S)
    bench.sessions("east", "west", up=True)
    bench.run(BFD.hold_ns - 20 * MS)
    assert both_ways(bench, "east", "west") == [["central"]] * 32
    bench.run(40 * MS)
    assert both_ways(bench, "east", "west") == [[]] * 32
    assert [(each.via, each.repaired_ns is None) for each in bench.decisions()] == [("central", False), (None, True)]


def test_a_relay_with_a_leg_that_is_down_is_no_longer_in_any_group() -> None:
    bench = watching(six())
    (before,) = {tuple(relays) for relays in _repaired(bench, "east", "west")}
    bench.sessions(before[0], "west", up=False)
    bench.run(100 * MS)
    (after,) = {tuple(relays) for relays in _repaired(bench, "east", "west")}
    assert after
    assert after != before
    bench.sessions(before[0], "west", up=True)
    bench.run(2 * S)
    assert {tuple(relays) for relays in _repaired(bench, "east", "west")} == {before}


def _repaired(bench: Bench, a: str, b: str) -> list[list[str]]:
    ends = bench.topology.ordinals(Direction(a, b))
    dead = bench.dead
    bench.dead = dead | {ends, ends[::-1]}
    passed = both_ways(bench, a, b)
    bench.dead = dead
    return passed


def test_where_nothing_is_live_lanes_stay_on_the_link() -> None:
    """As the controller leaves them where there is no detour; and a switch that was held up finds all sessions down."""
    bench = watching(mesh("east", "west"))
    bench.sessions("east", "west", up=False)
    bench.run(50 * MS)
    assert both_ways(bench, "east", "west") == [[]] * 32
    assert bench.decisions() == []
    bench = watching(triangle())
    bench.dead |= {bench.topology.ordinals(direction) for direction in bench.topology.directions}
    assert both_ways(bench, "east", "west") == [[]] * 32


def test_pairs_without_a_link_of_their_own_are_left_to_the_controller() -> None:
    """In a chain nobody is a relay of a linked pair either: every other way leads over the link itself."""
    names = ("east", "central", "west")
    clusters = tuple(Cluster(name, number) for number, name in enumerate(names, 1))
    chain = Topology("chain", clusters, (Link.alike("east", "central", 9 * MS), Link.alike("central", "west", 9 * MS)))
    bench = watching(chain)
    assert len(bench.groups) == 2 * 2 * 16
    assert {bucket.output == direct for (direct, bucket) in _ways(bench)} == {True}


def _ways(bench: Bench) -> list[tuple[int | None, Bucket]]:
    """Each bucket of each group, with the port of the link."""
    return [(group.buckets[0].output, bucket) for group in bench.groups.values() for bucket in group.buckets]


@pytest.mark.parametrize(
    "settings",
    [
        ControllerSettings(),
        ControllerSettings(detect=("bfd",), reroute=False),
        ControllerSettings(detect=("bfd",), pace_ns=1 * S),
        ControllerSettings(detect=("bfd",), policy=PolicyChoice("spread")),
    ],
    ids=["no BFD", "no reroutes", "paced", "another policy"],
)
def test_no_groups_where_switches_must_not_move_lanes_by_themselves(settings: ControllerSettings) -> None:
    bench = Bench(triangle(), settings)
    bench.connect()
    assert bench.groups == {}
    assert {rule.priority for rule in bench.tables.values()} == {100}


def test_a_switch_that_connects_anew_gets_its_groups_anew_and_keeps_its_reroutes() -> None:
    bench = watching(triangle())
    bench.sessions("east", "west", up=False)
    bench.run(50 * MS)
    groups, tables = dict(bench.groups), dict(bench.tables)
    left = tuple(group for (switch, _), group in groups.items() if switch == 1)
    actions = bench.engine.handle(SwitchConnected(1, (), left), bench.now_ns)
    assert groups_sent(actions)[0] == GroupRule(1, "clear")
    bench.perform(actions)
    assert (bench.groups, bench.tables) == (groups, tables)


def test_slower_evidence_than_the_switches_own_is_not_said_to_be_repaired() -> None:
    """Probes go silent before the sessions go down: the controller moved the lanes."""
    bench = watching(triangle(), ControllerSettings(detect=("link", "bfd"), hold_ns=500 * MS))
    bench.cut = {Direction("east", "west")}
    bench.run(1 * S)
    (decision,) = bench.decisions()
    assert decision.repaired_ns is None
    assert decision.in_force_ns == decision.installed_ns


@pytest.mark.parametrize("seed", range(3))
def test_once_the_controller_has_spoken_no_lane_loops_whatever_fails_next(seed: int) -> None:
    """Links fail one after another, the controller has 50 ms in between, and each is repaired before it speaks."""
    random = Random(seed)
    for _ in range(4):
        bench = watching(six())
        for link in random.sample(bench.topology.links, 6):
            ends = bench.topology.ordinals(Direction(link.a, link.b))
            bench.dead |= {ends, ends[::-1]}
            _follow_all(bench)
            bench.sessions(link.a, link.b, up=False)
            bench.run(50 * MS)
            _follow_all(bench)


def _follow_all(bench: Bench) -> None:
    for direction in bench.topology.directions:
        bench.relays_passed(*direction, lane=3)


def test_a_decision_without_local_repair_reads_as_before() -> None:
    decision = Decision("a", "b", "c", (0,), "why", 1, 2, 3, 4)
    assert (decision.repaired_ns, decision.in_force_ns) == (None, 4)
