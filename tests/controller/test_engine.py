from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from controller_samples import six, triangle
from engine_bench import FAST, INTERVAL, TICK, Bench, both, started

from controller.decisions import Decision, HealthChange, Kept, Review
from controller.engine import Engine
from controller.flow_rules import Bucket, FlowRule, GroupRule
from controller.messages import (
    BarrierReply,
    Install,
    Milestone,
    PortState,
    SwitchConnected,
    SwitchError,
    SwitchRefused,
)
from controller.moves import Move, PolicyDecision, Reroutes
from controller.settings import ControllerSettings
from controller.situation import Situation
from hostio.timing import MS, S
from relay_app.probing.probe_report import ProbeReport
from topologies.model import LAN_PORT, Direction


def test_installed_is_said_once_all_switches_confirmed() -> None:
    engine = Engine(triangle(), FAST)
    installs = [action for switch in (1, 2, 3) for action in engine.handle(SwitchConnected(switch), 0)]
    tokens = [install.token for install in installs if isinstance(install, Install)]
    assert engine.handle(BarrierReply(1, tokens[0], 1, 1), 1) == []
    assert engine.handle(BarrierReply(3, tokens[2], 1, 1), 1) == []
    assert engine.handle(BarrierReply(2, tokens[1], 1, 1), 1) == [Milestone("installed")]
    assert engine.handle(BarrierReply(2, tokens[1], 1, 1), 1) == []


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
    seen: list[Reroutes] = []

    def westward(situation: Situation) -> list[PolicyDecision]:
        seen.append(situation.reroutes)
        return [] if situation.reroutes else [Move("east", "west", ("central",), "always", situation.now_ns)]

    bench = Bench(triangle(), policy=westward)
    bench.connect()
    bench.run(1 * S)
    assert [(decision.via, decision.reason) for decision in bench.decisions()] == [("central", "always")]
    assert bench.relays_passed("west", "east", 15) == ["central"]
    assert (seen[0], seen[1]) == ({}, dict.fromkeys(both("east", "west"), "central"))


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
    assert bench.engine.handle(BarrierReply(3, to_west.token, bench.now_ns, bench.now_ns), bench.now_ns) == []
    (again,) = bench.engine.handle(SwitchConnected(1), bench.now_ns)
    assert isinstance(again, Install)
    (decision,) = bench.engine.handle(BarrierReply(1, again.token, 77, 70), bench.now_ns)
    assert isinstance(decision, Decision)
    assert decision.installed_ns == 77


def test_a_decision_has_when_the_last_switch_had_been_written_to() -> None:
    bench = started(triangle())
    down_ns = bench.now_ns
    bench.perform(bench.engine.handle(PortState(1, 3, up=False), down_ns))
    installs = [action for action in bench.engine.decide(down_ns) if isinstance(action, Install)]
    # East's was written last and answered first.
    first, last = sorted(installs, key=lambda install: install.switch)
    assert bench.engine.handle(BarrierReply(first.switch, first.token, down_ns + 7, down_ns + 6), down_ns) == []
    (decision,) = bench.engine.handle(BarrierReply(last.switch, last.token, down_ns + 9, down_ns + 5), down_ns)
    assert isinstance(decision, Decision)
    assert (decision.written_ns, decision.installed_ns) == (down_ns + 6, down_ns + 9)


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
    for _ in range(12):
        links = random.sample(bench.topology.links, random.randint(0, 9))
        bench.cut = {random.choice(link.directions) for link in links}
        bench.run(random.randint(1, 12) * 100 * MS)
        for direction in bench.topology.directions:
            bench.relays_passed(*direction, lane=3)
    bench.cut = set()
    bench.run(4 * S)
    assert all(bench.relays_passed(*direction, lane=3) == [] for direction in bench.topology.directions)


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


def test_a_move_that_no_switch_has_confirmed_is_said_to_be_so() -> None:
    """The switches are cut off: what the controller decides is not in force, and no decision is on record."""
    bench = started(triangle())
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
