from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from random import Random

import pytest
from controller_samples import six, triangle

from controller.decisions import Decision, HealthChange, Kept, Review
from controller.engine import Engine
from controller.flow_rules import Bucket, FlowRule, GroupRule
from controller.messages import (
    Action,
    BarrierReply,
    Install,
    Milestone,
    PortState,
    Record,
    SwitchConnected,
    SwitchError,
    SwitchRefused,
)
from controller.moves import Move, Pair, PolicyDecision
from controller.policies import DEFAULT_POLICY, POLICIES, Policy
from controller.settings import ControllerSettings
from controller.situation import Situation
from hostio.timing import MS, S
from relay_app.probing.probe_report import ProbeReport
from topologies.model import LAN_PORT, Direction, Topology

TICK = 10 * MS
INTERVAL = 50 * MS
FAST = ControllerSettings(hold_ns=500 * MS)


class Bench:
    """An engine with switches that obey at once, keep real priorities and confirm one millisecond later."""

    def __init__(
        self, topology: Topology, settings: ControllerSettings = FAST, policy: Policy = POLICIES[DEFAULT_POLICY]
    ) -> None:
        self.topology = topology
        self.engine = Engine(topology, settings, policy)
        self.now_ns = 0
        self.tables: dict[tuple[int, int, tuple[tuple[str, int | str], ...]], FlowRule] = {}
        self.records: list[Record] = []
        self.milestones: list[str] = []
        self.cut: set[Direction] = set()
        self.settings = settings
        self.stuck: set[str] = set()
        """Clusters whose relay moves nothing."""

    def connect(self) -> None:
        for cluster in self.topology.clusters:
            self.perform(self.engine.handle(SwitchConnected(cluster.ordinal), self.now_ns))

    def perform(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Install):
                self.apply(action)
                self.engine.sent(action, self.now_ns)
                reply = BarrierReply(action.switch, action.token, self.now_ns + 1 * MS)
                self.perform(self.engine.handle(reply, self.now_ns))
            elif isinstance(action, Milestone):
                self.milestones.append(action.name)
            else:
                self.records.append(action)

    def apply(self, install: Install) -> None:
        for rule in install.rules:
            assert rule.switch == install.switch
            assert isinstance(rule, FlowRule), "no run uses groups yet"
            if rule.command == "clear":
                self.tables = {key: kept for key, kept in self.tables.items() if key[0] != rule.switch}
            elif rule.command == "delete":
                del self.tables[rule.switch, rule.priority, rule.match]
            else:
                self.tables[rule.switch, rule.priority, rule.match] = rule

    def run(self, duration_ns: int) -> None:
        """Probes 20 ms under way on every link that is not cut, and a tick every 10 ms."""
        end_ns = self.now_ns + duration_ns
        while self.now_ns < end_ns:
            self.now_ns += TICK
            if self.now_ns % INTERVAL == 0:
                self.probe()
            if self.settings.canaries and self.now_ns % self.settings.canary_interval_ns == 0:
                self.send_canaries()
            self.perform(self.engine.tick(self.now_ns))
            self.perform(self.engine.decide(self.now_ns))

    def probe(self) -> None:
        for direction in set(self.topology.directions) - self.cut:
            ends = [self.topology.cluster(name).ordinal for name in direction]
            report = ProbeReport(ends[0], ends[1], self.now_ns // INTERVAL, self.now_ns - 20 * MS, self.now_ns)
            self.perform(self.engine.report(report))

    def send_canaries(self) -> None:
        for direction in set(self.topology.directions):
            if {direction, direction.reversed()} & self.cut or direction.destination in self.stuck:
                continue
            observer, relay = (self.topology.cluster(name).ordinal for name in direction)
            number, sent_ns = self.now_ns // self.settings.canary_interval_ns, self.now_ns - 40 * MS
            report = ProbeReport(observer, observer, number, sent_ns, self.now_ns, via=relay)
            self.perform(self.engine.report(report))

    def decisions(self) -> list[Decision]:
        return [record for record in self.records if isinstance(record, Decision)]

    def relays_passed(self, source: str, destination: str, lane: int) -> list[str]:
        """Follow a packet of a lane through the tables; each relay sends it on to its destination."""
        clusters = {cluster.ordinal: cluster for cluster in self.topology.clusters}
        at, target = self.topology.cluster(source), self.topology.cluster(destination)
        passed: list[str] = []
        while at != target:
            assert len(passed) < len(clusters), f"loop: {passed}"
            fields = {"in_port": LAN_PORT, "eth_type": 0x0800, "ip_proto": 17, "udp_dst": 40000 + lane}
            fields_to: dict[str, int | str] = {**fields, "ipv4_dst": str(target.address)}
            rule = self.lookup(at.ordinal, fields_to)
            assert rule.output is not None
            at = clusters[rule.output]
            passed.append(at.name)
        return passed[:-1]

    def lookup(self, switch: int, fields: dict[str, int | str]) -> FlowRule:
        hits = [r for key, r in self.tables.items() if key[0] == switch and set(key[2]) <= set(fields.items())]
        return max(hits, key=lambda rule: rule.priority)


def started(topology: Topology, settings: ControllerSettings = FAST) -> Bench:
    bench = Bench(topology, settings)
    bench.connect()
    bench.run(1 * S)
    bench.records.clear()
    return bench


def both(a: str, b: str) -> set[Direction]:
    return {Direction(a, b), Direction(b, a)}


def test_installed_is_said_once_all_switches_confirmed() -> None:
    engine = Engine(triangle(), FAST)
    installs = [action for switch in (1, 2, 3) for action in engine.handle(SwitchConnected(switch), 0)]
    tokens = [install.token for install in installs if isinstance(install, Install)]
    assert engine.handle(BarrierReply(1, tokens[0], 1), 1) == []
    assert engine.handle(BarrierReply(3, tokens[2], 1), 1) == []
    assert engine.handle(BarrierReply(2, tokens[1], 1), 1) == [Milestone("installed")]
    assert engine.handle(BarrierReply(2, tokens[1], 1), 1) == []


def test_watching_is_said_once_the_health_of_every_direction_is_known() -> None:
    bench = Bench(triangle())
    bench.cut = both("east", "west")
    bench.connect()
    bench.run(60 * S)
    assert bench.milestones == ["installed", "watching"]
    assert {health.state for health in bench.engine.health.values()} == {"clean", "down"}


def test_nothing_is_watched_before_the_first_probe() -> None:
    bench = Bench(triangle())
    bench.connect()
    bench.cut = set(bench.topology.directions)
    bench.run(60 * S)
    assert bench.records == []


def test_a_connecting_switch_is_cleared_first() -> None:
    (install,) = Engine(triangle(), FAST).handle(SwitchConnected(2), 0)
    assert isinstance(install, Install)
    assert [rule.command for rule in install.rules] == ["clear", "add", "add", "add"]


def test_groups_that_an_earlier_controller_left_are_removed_before_anything_else() -> None:
    left = GroupRule(2, "add", 7, "indirect", (Bucket(output=1),))
    engine = Engine(triangle(), FAST)
    for _ in ("the first connection", "a later one"):
        (install,) = engine.handle(SwitchConnected(2, (), (left,)), 0)
        assert isinstance(install, Install)
        assert install.rules[:2] == (GroupRule(2, "clear"), FlowRule(2, "clear"))


def test_the_policy_can_be_another_and_sees_its_own_moves_made() -> None:
    seen: list[Mapping[Pair, str]] = []

    def westward(situation: Situation) -> list[PolicyDecision]:
        seen.append(situation.reroutes)
        return [] if situation.reroutes else [Move("east", "west", "central", "always", situation.now_ns)]

    bench = Bench(triangle(), policy=westward)
    bench.connect()
    bench.run(1 * S)
    assert [(decision.via, decision.reason) for decision in bench.decisions()] == [("central", "always")]
    assert bench.relays_passed("west", "east", 15) == ["central"]
    assert (seen[0], seen[1]) == ({}, {Pair(("east", "west")): "central"})


def test_the_watch_begins_with_the_last_confirmation() -> None:
    bench = Bench(triangle())
    bench.run(30 * S)
    assert bench.records == []
    bench.connect()
    bench.run(1 * S)
    assert [record.after for record in bench.records if isinstance(record, HealthChange)] == ["clean"] * 6


def test_a_silent_blip_is_rerouted_within_a_second_and_returned() -> None:
    bench = started(triangle())
    blip_ns = bench.now_ns
    bench.cut = both("east", "west")
    bench.run(2 * S)
    (away,) = bench.decisions()
    assert (away.a, away.b, away.via, away.lanes) == ("east", "west", "central", tuple(range(16)))
    assert blip_ns < away.seen_ns <= away.decided_ns <= away.sent_ns < away.installed_ns < blip_ns + 1 * S
    assert bench.relays_passed("east", "west", 15) == bench.relays_passed("west", "east", 0) == ["central"]
    bench.cut = set()
    bench.run(3 * S)
    (_, back) = bench.decisions()
    assert (back.via, back.reason) == (None, "clean for 500 ms")
    assert bench.relays_passed("east", "west", 15) == []
    assert {rule.priority for rule in bench.tables.values()} == {100}


def test_a_link_never_seen_is_rerouted_after_the_start_up_time() -> None:
    bench = Bench(triangle())
    bench.cut = both("east", "west")
    bench.connect()
    bench.run(9 * S)
    assert bench.decisions() == []
    bench.run(2 * S)
    assert [decision.via for decision in bench.decisions()] == ["central"]


def test_kept_is_logged_once_per_reason() -> None:
    bench = started(triangle(), ControllerSettings(reroute=False))
    bench.cut = {Direction("east", "west")}
    bench.run(3 * S)
    bench.cut = set()
    bench.run(3 * S)
    bench.cut = {Direction("east", "west")}
    bench.run(1 * S)
    kept = [record for record in bench.records if isinstance(record, Kept)]
    assert all(record.reason.startswith("rerouting is switched off; east→west: ") for record in kept)
    assert [record.reason.split(": ")[1].split(" ")[0] for record in kept] == ["no", "loss", "no"]
    assert bench.decisions() == []


@pytest.mark.parametrize(("switch", "port"), [(1, 3), (3, 1)])
def test_either_ends_port_takes_both_directions_down_at_once(switch: int, port: int) -> None:
    bench = started(triangle())
    bench.perform(bench.engine.handle(PortState(switch, port, up=False), bench.now_ns))
    bench.perform(bench.engine.decide(bench.now_ns))
    changes = [record for record in bench.records if isinstance(record, HealthChange)]
    assert {(change.source, change.destination) for change in changes} == {("east", "west"), ("west", "east")}
    assert [decision.reason for decision in bench.decisions()] == ["east→west: port down"]


def test_a_link_is_up_when_both_ports_are() -> None:
    bench = started(triangle())
    bench.cut = both("east", "west")
    for state in (PortState(1, 3, up=False), PortState(3, 1, up=False), PortState(1, 3, up=True)):
        bench.perform(bench.engine.handle(state, bench.now_ns))
    bench.cut = set()
    bench.run(2 * S)
    assert bench.engine.health[Direction("east", "west")].state == "down"
    bench.perform(bench.engine.handle(PortState(3, 1, up=True), bench.now_ns))
    bench.run(2 * S)
    assert bench.engine.health[Direction("east", "west")].state == "clean"


def test_a_port_that_is_down_before_the_watch_begins_is_known() -> None:
    bench = Bench(triangle())
    bench.perform(bench.engine.handle(PortState(1, 3, up=False), 0))
    bench.connect()
    bench.probe()
    assert {record.reason for record in bench.records if isinstance(record, HealthChange)} == {"port down"}


@pytest.mark.parametrize("port", [LAN_PORT, 0xFFFFFFFE, 1, 9])
def test_ports_that_lead_to_no_link_are_ignored(port: int) -> None:
    bench = started(triangle())
    assert bench.engine.handle(PortState(1, port, up=False), bench.now_ns) == []


def test_a_reconnected_switch_gets_its_reroutes_again() -> None:
    bench = started(triangle())
    bench.cut = both("east", "west")
    bench.run(1 * S)
    before = dict(bench.tables)
    bench.perform(bench.engine.handle(SwitchConnected(1), bench.now_ns))
    assert bench.tables == before
    assert bench.milestones == ["installed", "watching"]


def test_a_reconnection_confirms_what_the_old_connection_left_open() -> None:
    bench = started(triangle())
    bench.perform(bench.engine.handle(PortState(1, 3, up=False), bench.now_ns))
    installs = [action for action in bench.engine.decide(bench.now_ns) if isinstance(action, Install)]
    to_west = next(install for install in installs if install.switch == 3)
    assert bench.engine.handle(BarrierReply(3, to_west.token, bench.now_ns), bench.now_ns) == []
    (again,) = bench.engine.handle(SwitchConnected(1), bench.now_ns)
    assert isinstance(again, Install)
    (decision,) = bench.engine.handle(BarrierReply(1, again.token, 77), bench.now_ns)
    assert isinstance(decision, Decision)
    assert decision.installed_ns == 77


def test_a_refused_message_is_an_error() -> None:
    with pytest.raises(SwitchError, match="central's switch refused a message: type 4"):
        Engine(triangle(), FAST).handle(SwitchRefused(2, "type 4"), 0)


def test_a_probe_of_no_link_is_an_error() -> None:
    with pytest.raises(KeyError):
        started(triangle()).engine.report(ProbeReport(1, 9, 0, 0, 0))


@pytest.mark.parametrize("seed", range(3))
def test_lanes_never_loop_whatever_fails(seed: int) -> None:
    random = Random(seed)
    bench = started(six())
    for _ in range(30):
        links = random.sample(bench.topology.links, random.randint(0, 9))
        bench.cut = {random.choice(link.directions) for link in links}
        bench.run(random.randint(1, 12) * 100 * MS)
        for direction in bench.topology.directions:
            bench.relays_passed(*direction, lane=3)
    bench.cut = set()
    bench.run(4 * S)
    assert all(bench.relays_passed(*direction, lane=3) == [] for direction in bench.topology.directions)


WATCHFUL = ControllerSettings(hold_ns=60 * S, detect=("link", "relay-canary"))


def rerouted(settings: ControllerSettings) -> Bench:
    """Moved onto central by a blip that is long over."""
    bench = started(triangle(), settings)
    bench.cut = both("east", "west")
    bench.run(2 * S)
    bench.cut = set()
    bench.run(3 * S)
    bench.records.clear()
    return bench


def test_link_probes_never_leave_a_stuck_relay_and_the_log_says_why() -> None:
    bench = rerouted(ControllerSettings(hold_ns=60 * S))
    bench.stuck = {"central"}
    bench.run(10 * S)
    checks = [record for record in bench.records if isinstance(record, Review)]
    assert bench.records == checks
    assert len(checks) == 10
    assert {(check.via, check.reason) for check in checks} == {
        ("central", "both legs are clean; the relay itself is not watched; the direct link waits for its hold time")
    }


def test_canaries_leave_a_stuck_relay_for_the_clean_direct_link_within_a_second() -> None:
    bench = rerouted(WATCHFUL)
    bench.stuck = {"central"}
    stuck_ns = bench.now_ns
    bench.run(3 * S)
    (away,) = bench.decisions()
    assert (away.via, away.lanes) == (None, tuple(range(16)))
    assert "canary through central: no canary for" in away.reason
    assert away.reason.endswith("the direct link is clean")
    assert stuck_ns < away.installed_ns < stuck_ns + 1 * S
    assert bench.relays_passed("east", "west", 3) == []


def test_a_relay_that_was_unhealthy_gets_no_traffic_for_the_hold_time() -> None:
    bench = started(triangle(), ControllerSettings(hold_ns=5 * S, detect=("link", "relay-canary")))
    bench.stuck = {"central"}
    bench.run(2 * S)
    bench.stuck = set()
    bench.cut = both("east", "west")
    bench.run(4 * S)
    assert bench.decisions() == []
    bench.run(6 * S)
    assert [decision.via for decision in bench.decisions()] == ["central"]


def test_a_cut_leg_says_nothing_of_the_relay_behind_it() -> None:
    bench = started(six(), WATCHFUL)
    bench.cut = {each for name in ("east", "central", "south") for each in both("ohio", name)}
    bench.run(2 * S)
    bench.cut = set()
    bench.run(3 * S)
    changes = [record for record in bench.records if isinstance(record, HealthChange)]
    assert not [change for change in changes if change.detector == "relay-canary" and change.after != "clean"]


def test_a_paced_move_takes_the_lanes_one_after_another() -> None:
    bench = started(triangle(), ControllerSettings(hold_ns=S, pace_ns=16 * S))
    bench.cut = both("east", "west")
    bench.run(17 * S)
    moves = bench.decisions()
    assert [move.lanes for move in moves] == [(lane,) for lane in range(16)]
    gaps = [later.decided_ns - earlier.decided_ns for earlier, later in pairwise(moves)]
    assert set(gaps) == {1 * S}
    bench.cut = set()
    bench.run(3 * S)
    assert bench.decisions()[-1].lanes == tuple(range(16))
    assert all(bench.relays_passed("east", "west", lane) == [] for lane in range(16))


def test_a_move_cut_short_takes_back_only_what_had_moved() -> None:
    bench = started(triangle(), ControllerSettings(hold_ns=S, pace_ns=32 * S))
    bench.cut = both("east", "west")
    bench.run(5 * S)
    moved = [decision.lanes for decision in bench.decisions()]
    bench.perform(bench.engine.handle(SwitchConnected(1), bench.now_ns))
    assert [bench.relays_passed("east", "west", lane) for lane in (0, 15)] == [["central"], []]
    bench.cut = set()
    bench.run(3 * S)
    assert bench.decisions()[len(moved) :][-1].lanes == tuple(range(bench.decisions()[-2].lanes[0] + 1))
    bench.run(30 * S)
    assert len(bench.decisions()) <= 5


def found_by_the_next(bench: Bench) -> Bench:
    """A new controller at the same switches, which tell it what they have in force."""
    successor = Bench(bench.topology, bench.settings)
    successor.tables, successor.now_ns, successor.cut = dict(bench.tables), bench.now_ns + 2 * S, bench.cut
    for cluster in bench.topology.clusters:
        rules = tuple(rule for key, rule in bench.tables.items() if key[0] == cluster.ordinal)
        successor.perform(successor.engine.handle(SwitchConnected(cluster.ordinal, rules), successor.now_ns))
    return successor


def rerouted_bench(settings: ControllerSettings = FAST) -> Bench:
    bench = Bench(triangle(), settings)
    bench.connect()
    bench.run(1 * S)
    bench.cut = {Direction("east", "west")}
    bench.run(1 * S)
    return bench


def test_a_new_controller_takes_up_the_reroutes_that_are_in_force_and_takes_them_back_in_time() -> None:
    bench = found_by_the_next(rerouted_bench())
    assert [(record.a, record.b, record.via) for record in bench.records if isinstance(record, Review)] == [
        ("east", "west", "central")
    ]
    for _ in range(3):
        assert bench.relays_passed("east", "west", 7) == ["central"]
        bench.run(1 * S)
    assert bench.decisions() == []
    bench.cut = set()
    bench.run(2 * S)
    assert [(move.via, len(move.lanes)) for move in bench.decisions()] == [(None, 16)]
    assert bench.relays_passed("east", "west", 7) == []


def test_half_a_reroute_is_taken_away_by_a_new_controller() -> None:
    before = rerouted_bench()
    lane_3 = [key for key, rule in before.tables.items() if key[0] == 3 and dict(rule.match).get("udp_dst") == 40003]
    del before.tables[lane_3[0]]
    before.cut = set()
    bench = found_by_the_next(before)
    for source, destination in (("east", "west"), ("west", "east")):
        assert bench.relays_passed(source, destination, 3) == []
        assert bench.relays_passed(source, destination, 4) == ["central"]
    bench.run(2 * S)
    for lane in range(16):
        assert bench.relays_passed("east", "west", lane) == []
        assert bench.relays_passed("west", "east", lane) == []


def test_a_paced_move_goes_on_under_a_new_controller() -> None:
    before = rerouted_bench(ControllerSettings(hold_ns=500 * MS, pace_ns=4 * S))
    begun = sum(before.relays_passed("east", "west", lane) == ["central"] for lane in range(16))
    assert 0 < begun < 16
    bench = found_by_the_next(before)
    assert sum(bench.relays_passed("east", "west", lane) == ["central"] for lane in range(16)) == begun
    bench.run(5 * S)
    assert all(bench.relays_passed("east", "west", lane) == ["central"] for lane in range(16))


def test_a_switch_that_had_nothing_gets_the_direct_paths_only() -> None:
    bench = found_by_the_next(Bench(triangle()))
    assert bench.records == []
    assert all(rule.priority == 100 for rule in bench.tables.values())


def test_a_move_that_no_switch_has_confirmed_is_said_to_be_so() -> None:
    """The switches are cut off: what the controller decides is not in force, and no decision is on record."""
    bench = Bench(triangle())
    bench.connect()
    bench.run(1 * S)
    bench.cut = {Direction("east", "west")}
    for _ in range(150):
        bench.now_ns += TICK
        if bench.now_ns % INTERVAL == 0:
            bench.probe()
        actions = [*bench.engine.tick(bench.now_ns), *bench.engine.decide(bench.now_ns)]
        bench.perform([action for action in actions if not isinstance(action, Install)])
    reasons = [record.reason for record in bench.records if isinstance(record, Review)]
    assert reasons
    assert all(reason.startswith("a switch has not confirmed it; ") for reason in reasons)
    assert bench.decisions() == []
