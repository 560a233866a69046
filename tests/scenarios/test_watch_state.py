"""What is known of a run at a time, from its records alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from watch_lab import (
    BLIP,
    CENTRAL,
    EAST,
    START,
    WEST,
    at,
    edge,
    end,
    health,
    kept,
    moment,
    move,
    plan_of,
    review,
    samples,
)

from controller.health import ObservedRelay
from hostio.timing import MS, S
from results.run_files.events import LogFull, Phase, ProgramEnd, ProgramMessage, WatchdogMissed
from scenarios.watch.entries import Teller, both_ways, time_of
from scenarios.watch.faults import faults_now
from scenarios.watch.lanes import letters
from scenarios.watch.relay_figures import HISTORY, figures_at
from scenarios.watch.state import DIRECT, state_of
from topologies.model import Cluster, Direction, Topology

PLAN = plan_of()
PAIR = Direction(EAST, WEST)
OVER_CENTRAL = ((CENTRAL,),) * 16


@pytest.mark.parametrize(
    ("seconds", "link", "lanes", "fault"),
    [
        (0, "clean", DIRECT, "planned"),
        (4.1, "clean", DIRECT, "in force"),
        (4.27, "down", DIRECT, "in force"),
        (4.31, "down", OVER_CENTRAL, "in force"),
        (6.1, "down", OVER_CENTRAL, "over"),
        (7, "clean", OVER_CENTRAL, "over"),
        (9.6, "clean", DIRECT, "over"),
    ],
)
def test_a_record_counts_from_when_it_took_effect(seconds: float, link: str, lanes: object, fault: str) -> None:
    shown = moment(seconds)
    assert shown.state.links[PAIR].state == link
    assert shown.state.lanes.get(PAIR, DIRECT) == lanes
    assert [each.phase for each in faults_now(shown)] == [fault]


def test_a_fault_that_is_due_and_not_recorded_is_neither_planned_nor_in_force() -> None:
    without = [each for each in BLIP if time_of(each) < at(4)]
    assert [each.phase for each in faults_now(moment(4.1, without))] == ["due"]
    assert [each.phase for each in faults_now(moment(14, [*without, end()]))] == ["left out"]


def test_a_fault_has_the_strength_of_the_last_level_that_was_recorded() -> None:
    plan = plan_of("patterns/rolling-restart.yaml")
    fault = plan.faults[0]
    level = fault.levels[3]
    assert 0 < level.share < 1
    begin_s, level_s = fault.at_ns / S, level.at_ns / S
    records = [BLIP[0], edge(0, "start", begin_s), edge(0, "level", level_s)]
    (now, *_) = faults_now(moment(level_s + 1, records, plan))
    assert now.share == level.share


def test_lanes_move_one_after_another_and_a_pair_may_be_told_the_other_way_round() -> None:
    turned = replace(move(CENTRAL, 2, [5], (WEST, EAST)), via="x", then="y")
    lanes = state_of(PLAN, [move(CENTRAL, 1, [0, 1]), turned]).lanes[PAIR]
    assert lanes == ((CENTRAL,), (CENTRAL,), (), (), (), ("y", "x"), *[()] * 10)


def test_a_controller_that_took_over_tells_by_a_review_where_lanes_are() -> None:
    assert state_of(PLAN, [review(1)]).lanes[PAIR] == OVER_CENTRAL
    partly = state_of(PLAN, [move(CENTRAL, 1, [0]), review(2)])
    assert partly.lanes[PAIR] == ((CENTRAL,), *[()] * 15)


def test_canaries_are_of_relays_and_probes_of_links() -> None:
    state = state_of(PLAN, [health(EAST, CENTRAL, "down", 1, detector="relay-canary")])
    assert not state.links
    assert state.relays[ObservedRelay(EAST, CENTRAL)].state == "down"


def test_media_are_of_both_and_the_worst_that_is_found_counts() -> None:
    by_media = [health(EAST, CENTRAL, "down", 2, detector="receiver-reports", of_relay=each) for each in (True, False)]
    by_others = [health(EAST, CENTRAL, "clean", 3, detector="relay-canary"), health(EAST, CENTRAL, "clean", 3)]
    state = state_of(PLAN, [*by_media, *by_others])
    assert state.relays[ObservedRelay(EAST, CENTRAL)].by == "receiver-reports"
    assert state.links[Direction(EAST, CENTRAL)].state == "down"


def test_the_controllers_reason_to_stay_is_kept() -> None:
    assert state_of(PLAN, [move(CENTRAL, 1), kept(2)]).why[PAIR] == "no detour"
    assert state_of(PLAN, [kept(2)]).lanes.get(PAIR, DIRECT) == DIRECT


def told(*records: object) -> list[str]:
    teller = Teller(PLAN)
    return [entry.text for record in records if (entry := teller.tell(record))]  # type: ignore[arg-type]


def test_a_review_is_told_when_it_differs_from_the_pairs_last_one() -> None:
    assert len(told(review(1), review(2), review(3, "other"), review(4))) == 3


def test_the_start_of_health_is_told_only_where_it_is_bad() -> None:
    first = [health(EAST, WEST, state, -1, "unknown") for state in ("clean", "down")]
    assert told(*first) == ["us-east→us-west is down: because it is down"]


@pytest.mark.parametrize("number", [-1, 1, 10**9])
def test_a_fault_that_the_plan_does_not_have_is_told_as_such(number: int) -> None:
    assert told(edge(number, "start", 1)) == [f"fault {number}, which the plan does not have, begins"]


def test_what_programs_say_is_told_but_not_their_signs_of_life() -> None:
    said = (
        ProgramMessage(EAST, "WATCHDOG=1", START),
        ProgramMessage(EAST, "STATUS=draining", START),
        ProgramEnd(EAST, "ended by itself", START),
        WatchdogMissed(EAST, 2 * S, START),
        LogFull(EAST, 64 << 20, START),
        Phase("media ended", START),
    )
    assert told(*said) == [
        "relay us-east: STATUS=draining",
        "relay us-east: its program ended by itself",
        "relay us-east sent no WATCHDOG=1 for 2 s",
        "relay us-east: its log is full, at 64 MiB",
        "media ended",
    ]
    assert state_of(PLAN, said).statuses == {EAST: "draining"}


def test_both_directions_that_change_at_once_are_one_entry() -> None:
    teller = Teller(PLAN)
    changes = [health(EAST, WEST, "down", 1), health(WEST, EAST, "down", 1), health(EAST, CENTRAL, "down", 1)]
    entries = [entry for each in changes if (entry := teller.tell(each))]
    assert [entry.text.split(":")[0] for entry in both_ways(entries)] == [
        "us-east–us-west is down both ways",
        "us-east→us-central is down",
    ]


def test_each_cluster_has_a_letter_of_its_own() -> None:
    names = ["us-east", "us-east-2", "eu-east", "east", *(f"zone-{chr(97 + n)}" for n in range(24))]
    clusters = tuple(Cluster(name, ordinal) for ordinal, name in enumerate(names, 1))
    found = letters(Topology("many", clusters, ()))
    assert len(set(found.values())) == len(names)
    assert found["us-east"] == "e"
    assert found["us-east-2"] == "2"


def a_second(
    *, forwarded: int, held: float = 0.0, waiting: int = 0, life: int = 0, from_s: int = 0
) -> list[dict[str, int]]:
    """Samples ten times a second, from 0 on, of a relay that forwards so many packets in it."""
    return [
        {
            "at_ns": at(from_s + tenth / 10),
            "forwarded": forwarded * tenth // 10,
            "dropped_cold": 2 * tenth,
            "lock_held_ns": round(held * tenth * 100 * MS),
            "waiting_bytes": waiting,
            "life": life,
        }
        for tenth in range(11)
    ]


def test_figures_are_those_of_the_last_second() -> None:
    figures = figures_at(samples(*a_second(forwarded=500, held=0.25)), at(1))
    assert figures
    assert (figures.forwarded, figures.dropped, figures.dropped_as) == (500, 20, "cold")
    assert figures.lock_share == pytest.approx(0.25)
    assert figures.history == (*[0.0] * (HISTORY - 1), 500.0)
    assert not figures.stands_still


def test_a_relay_stands_still_when_packets_wait_and_none_is_forwarded() -> None:
    stuck = figures_at(samples(*a_second(forwarded=0, held=1, waiting=9000)), at(1))
    assert stuck
    assert stuck.stands_still
    idle = figures_at(samples(*a_second(forwarded=0)), at(1))
    assert idle
    assert not idle.stands_still


def test_a_new_life_counts_from_nothing() -> None:
    rows = [*a_second(forwarded=500), *a_second(forwarded=30, life=1, from_s=1)[1:]]
    figures = figures_at(samples(*rows), at(2))
    assert figures
    assert figures.history[-2:] == (500.0, 30.0)


def test_a_relay_without_samples_has_no_figures_and_one_that_stopped_says_since_when() -> None:
    rows = samples(*a_second(forwarded=500))
    assert figures_at(rows, START - 1) is None
    late = figures_at(rows, at(3.5))
    assert late
    assert late.silent_ns == 2.5 * S
