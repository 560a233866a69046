"""Bounds of the metrics of a run made by arithmetic, in which something was held up at a known time for a known length.

The run: at 4 s a blackhole, which its edges show 2 ms late; the last packets before it arrive up to 20 ms before, the
first ones over the relay 309.4 ms later. Without hold-ups a length is known to the 1 ms that is not recorded, and to
1.6 % for the 0.4 ms that each trip of 24 ms took longer than emulated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic import START, Blip, machine

from controller.decisions import Decision
from hostio.timing import MS, S
from relay_app.locks.report import Durations, LockReport, LockRow
from results.bounds.interval import UNBOUNDED, Interval
from results.ledger.reconcile import reconcile
from results.metrics.analysis import Evidence, analyse
from results.metrics.metric_names import metric_names
from results.report.report import read_evidence, summarise
from results.run_files.events import FaultEdge
from results.run_files.hold_ups import HOLD_UP, RUN_DELAY, HoldUpPlace, HoldUps, RunDelayPlace
from results.run_files.machine import ProcessId, SocketRow
from results.run_files.plan import Expectation
from results.verdict.summary import Summary

LONGEST = "media.interruption_ms.max"
LENGTH_MS = 309.4
VOICE_MS = 20.0
NOISE_MS = 1 + 0.4 / 23.9 * LENGTH_MS

Late = tuple[HoldUpPlace, int, float, float]
"""Place, number, s after the media start, ms."""


def on_time(evidence: Evidence) -> Evidence:
    """The same run with its faults applied when they were planned."""
    events = [
        replace(event, applied_first_ns=event.planned_ns, applied_last_ns=event.planned_ns)
        if isinstance(event, FaultEdge)
        else event
        for event in evidence.events
    ]
    return replace(evidence, events=tuple(events))


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return on_time(read_evidence(Blip().write(tmp_path_factory.mktemp("run") / "run")))


def held(evidence: Evidence, *late: Late, waits: Sequence[tuple[RunDelayPlace, float, float, float]] = ()) -> Evidence:
    """The same run with these hold-ups. `waits`: of kind, from and until s after the media start, ms in sum."""

    def at(seconds: float) -> int:
        return START + round(seconds * S)

    rows = [(place, number, at(at_s), at(at_s) + round(ms * MS)) for place, number, at_s, ms in late]
    delays = [(place, 0, at(from_s), at(until_s), round(ms * MS)) for place, from_s, until_s, ms in waits]
    return replace(evidence, hold_ups=HoldUps(np.array(rows, HOLD_UP), np.array(delays, RUN_DELAY)))


def summary_of(evidence: Evidence, *expectations: Expectation) -> Summary:
    stated = replace(evidence, plan=replace(evidence.plan, expectations=expectations))
    analysis = analyse(stated)
    return summarise(stated, analysis, reconcile(stated, analysis))


def bounds_of(evidence: Evidence, metric: str = LONGEST) -> tuple[float | None, float | None]:
    bounds = summary_of(evidence).bounds
    assert bounds is not None
    return bounds[metric].low, bounds[metric].high


def expect(limit: float) -> Expectation:
    return Expectation(LONGEST, "<", limit, f"{LONGEST} < {limit:g}ms")


def test_every_metric_that_an_expectation_may_name_has_bounds(quiet: Evidence) -> None:
    bounds = summary_of(quiet).bounds
    assert bounds is not None
    assert not metric_names(evidence_clusters(quiet)).keys() - bounds.keys()


def evidence_clusters(evidence: Evidence) -> list[str]:
    return [cluster.name for cluster in evidence.plan.topology.clusters]


def test_without_hold_ups_noise_is_left_and_the_packet_that_a_move_spared_or_not(quiet: Evidence) -> None:
    low, high = bounds_of(quiet)
    assert low == pytest.approx(LENGTH_MS - VOICE_MS - NOISE_MS, abs=0.1)
    assert high == pytest.approx(LENGTH_MS + VOICE_MS + NOISE_MS, abs=0.1)
    lost = summary_of(quiet).media.lost
    assert bounds_of(quiet, "media.lost") == (lost - 8, lost + 8)  # one of each of the eight streams
    for exact in ("media.interruptions", "media.interrupted_directions", "reroutes", "media.sent"):
        low, high = bounds_of(quiet, exact)
        assert low == high


def test_a_late_receiver_can_only_have_lengthened_a_silence_and_by_no_more_than_it_was_late(quiet: Evidence) -> None:
    low, high = bounds_of(held(quiet, (HoldUpPlace.RECEIVER, 3, 4.1, 112)))
    assert low == pytest.approx(LENGTH_MS - 112 - VOICE_MS - NOISE_MS, abs=0.1)
    assert high == pytest.approx(LENGTH_MS + VOICE_MS + NOISE_MS, abs=0.1)


def test_hold_ups_at_the_same_time_count_once_and_those_outside_not_at_all(quiet: Evidence) -> None:
    once = bounds_of(held(quiet, (HoldUpPlace.RECEIVER, 3, 4.1, 60)))
    assert bounds_of(held(quiet, (HoldUpPlace.RECEIVER, 3, 4.1, 60), (HoldUpPlace.RECEIVER, 1, 4.12, 40))) == once
    assert bounds_of(held(quiet, (HoldUpPlace.RECEIVER, 3, 2.0, 60))) == bounds_of(quiet)


def test_what_made_the_packet_before_late_can_have_shortened_the_silence(quiet: Evidence) -> None:
    # The last packets before the blackhole were sent from 3.98 s on and arrived from 4.01 s on.
    low, high = bounds_of(held(quiet, (HoldUpPlace.LINK, 0, 3.985, 10)))
    assert high == pytest.approx(LENGTH_MS + 10 + 10 + VOICE_MS + NOISE_MS, abs=0.1)
    assert low == pytest.approx(LENGTH_MS - VOICE_MS - NOISE_MS, abs=0.1)


def test_a_late_prober_before_the_fault_can_have_had_it_found_early(quiet: Evidence) -> None:
    _, high = bounds_of(held(quiet, (HoldUpPlace.PROBER, 3, 3.9, 45)))
    assert high == pytest.approx(LENGTH_MS + 45 + VOICE_MS + NOISE_MS, abs=0.1)


def test_waits_known_by_their_sum_take_no_more_than_the_silence_has_of_their_sample(quiet: Evidence) -> None:
    low, _ = bounds_of(held(quiet, waits=[(RunDelayPlace.CONTROLLER, 3.77, 4.77, 90)]))
    assert low == pytest.approx(LENGTH_MS - 90 - VOICE_MS - NOISE_MS, abs=0.1)
    assert bounds_of(held(quiet, waits=[(RunDelayPlace.CONTROLLER, 6.77, 7.77, 90)])) == bounds_of(quiet)
    assert bounds_of(held(quiet, waits=[(RunDelayPlace.CONTROLLER, 3.77, 4.77, 9000)]))[0] == 0


UNREPAIRED_MS = 2020.0
TRIP_NOISE_MS = 1 + 0.4 / 23.9 * 31.15


@pytest.fixture(scope="module")
def unrepaired(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """The blackhole of 2 s without a controller that moves anything: packets sent from 4 s until 6 s are missing."""
    found = on_time(read_evidence(Blip(rerouted_s=6.0, returned_s=6.0).write(tmp_path_factory.mktemp("run") / "run")))
    controller = replace(found.plan.controller, reroute=False)
    return replace(found, decisions=(), plan=replace(found.plan, controller=controller))


def test_a_silence_that_links_began_and_ended_is_known_to_a_trip_and_the_packets_at_its_edges(
    unrepaired: Evidence,
) -> None:
    """Each stream sent its first missing packet and its first one after up to 0.9 ms after an edge: a little earlier,
    and that would have been spared, and this lost."""
    low, high = bounds_of(unrepaired)
    assert low == pytest.approx(UNREPAIRED_MS - VOICE_MS - TRIP_NOISE_MS, abs=0.1)
    assert high == pytest.approx(UNREPAIRED_MS + VOICE_MS + TRIP_NOISE_MS, abs=0.1)
    lost = summary_of(unrepaired).media.lost
    assert bounds_of(unrepaired, "media.lost") == (lost - 8, lost + 8)


def at_other_times(evidence: Evidence, shift_ns: int) -> Evidence:
    """The same run with the edges of its fault that much earlier."""
    events = [
        replace(
            event,
            planned_ns=event.planned_ns - shift_ns,
            applied_first_ns=event.applied_first_ns - shift_ns,
            applied_last_ns=event.applied_last_ns - shift_ns,
        )
        if isinstance(event, FaultEdge)
        else event
        for event in evidence.events
    ]
    return replace(evidence, events=tuple(events))


def test_where_no_packet_was_close_to_an_edge_the_trip_is_all(unrepaired: Evidence) -> None:
    low, high = bounds_of(at_other_times(unrepaired, 10 * MS))
    assert low == pytest.approx(UNREPAIRED_MS - TRIP_NOISE_MS, abs=0.1)
    assert high == pytest.approx(UNREPAIRED_MS + TRIP_NOISE_MS, abs=0.1)


@pytest.mark.parametrize(
    ("place", "number", "at_s", "ms", "shorter_ms"),
    [
        (HoldUpPlace.LINK, 0, 6.02, 8, 8),  # on the way of the packet that ended it
        (HoldUpPlace.CORE, 1, 6.02, 8, 8),
        (HoldUpPlace.LINK, 0, 5.0, 8, 0),  # of packets that were lost anyway
        (HoldUpPlace.SENDER, 3, 6.02, 8, 0),  # of others: its own packets were sent in time
        (HoldUpPlace.RECEIVER, 3, 6.02, 8, 0),  # the kernel has noted when they came
        (HoldUpPlace.PROBER, 3, 5.0, 90, 0),  # nobody acts on what it finds
    ],
)
def test_only_what_held_up_its_own_packets_can_have_made_it_longer(
    unrepaired: Evidence, place: HoldUpPlace, number: int, at_s: float, ms: float, shorter_ms: float
) -> None:
    far = at_other_times(unrepaired, 10 * MS)
    low, high = bounds_of(held(far, (place, number, at_s, ms), waits=[(RunDelayPlace.CONTROLLER, 4.0, 5.0, 300)]))
    assert low == pytest.approx(UNREPAIRED_MS - shorter_ms - TRIP_NOISE_MS, abs=0.1)
    assert high == pytest.approx(UNREPAIRED_MS + TRIP_NOISE_MS, abs=0.1)


def test_a_packet_that_came_late_to_an_edge_can_have_been_spared(unrepaired: Evidence) -> None:
    """It was sent 10 ms after the edge, and a core was taken meanwhile."""
    low, high = bounds_of(held(at_other_times(unrepaired, 10 * MS), (HoldUpPlace.CORE, 1, 3.985, 14)))
    assert low == pytest.approx(UNREPAIRED_MS - VOICE_MS - TRIP_NOISE_MS, abs=0.1)
    assert high == pytest.approx(UNREPAIRED_MS + 14 + TRIP_NOISE_MS, abs=0.1)


def with_lock_waits(evidence: Evidence, longest_ms: float) -> Evidence:
    """The same run, whose relay of us-east waited for a lock for that long."""
    waited = Durations(1, *[round(longest_ms * MS)] * 4)
    report = LockReport(locks=(LockRow("session-cache", 1, waited, waited),))
    return replace(evidence, locks={**evidence.locks, "us-east": report})


def test_packets_may_have_waited_for_a_lock_in_the_relays_they_passed(unrepaired: Evidence) -> None:
    low, high = bounds_of(with_lock_waits(at_other_times(unrepaired, 10 * MS), 5))
    assert low == pytest.approx(UNREPAIRED_MS - 5 - TRIP_NOISE_MS, abs=0.1)
    assert high == pytest.approx(UNREPAIRED_MS + 5 + TRIP_NOISE_MS, abs=0.1)


def test_a_silence_past_a_relay_that_waited_for_a_lock_as_long_as_a_packet_is_no_link_s_alone(
    unrepaired: Evidence,
) -> None:
    late = [(HoldUpPlace.CORE, 1, 5.0, 90.0)]
    low, _ = bounds_of(held(with_lock_waits(unrepaired, VOICE_MS), *late))
    assert low is not None
    assert low < UNREPAIRED_MS - 90


def test_a_silence_that_ends_with_a_packet_that_waited_is_no_link_s_alone(unrepaired: Evidence) -> None:
    """Whoever kept it back for 30 ms depends on threads."""
    kept = {name: rows.copy() for name, rows in unrepaired.recording.received.items()}
    for rows in kept.values():
        rows["received_ns"][rows["sent_ns"] >= START + 6 * S] += 30 * MS
    slow = replace(unrepaired, recording=replace(unrepaired.recording, received=kept))
    low, _ = bounds_of(held(slow, (HoldUpPlace.CORE, 1, 5.0, 90.0)))
    assert low is not None
    assert low < UNREPAIRED_MS + 30 - 90


def test_a_controller_that_could_have_moved_the_stream_counts(unrepaired: Evidence) -> None:
    allowed = replace(unrepaired.plan, controller=replace(unrepaired.plan.controller, reroute=True))
    waits = [(RunDelayPlace.CONTROLLER, 4.0, 5.0, 300.0)]
    low, _ = bounds_of(held(replace(unrepaired, plan=allowed), waits=waits))
    assert low is not None
    assert low < UNREPAIRED_MS - 300


def test_a_hold_up_as_long_as_detection_leaves_nothing_known_after_a_fault(quiet: Evidence) -> None:
    summary = summary_of(held(quiet, (HoldUpPlace.CORE, 1, 3.9, 260)), expect(1500))
    assert summary.verdict == "inconclusive"
    assert summary.bounds is not None
    assert summary.bounds[LONGEST] == Interval(0.0, None)
    assert summary.doubt is not None
    assert summary.doubt.startswith("a hold-up of 260 ms at 3.900 s can have been taken for a fault")
    assert summary.doubt in summary.reasons


def test_the_same_hold_up_far_from_any_fault_and_move_is_one_as_any_other(quiet: Evidence) -> None:
    assert summary_of(held(quiet, (HoldUpPlace.CORE, 1, 1.5, 260))).doubt is None
    assert bounds_of(held(quiet, (HoldUpPlace.CORE, 1, 1.5, 260))) == bounds_of(quiet)


def test_what_had_lasted_too_long_before_a_doubt_stays_decided(tmp_path: Path) -> None:
    long = on_time(read_evidence(Blip(rerouted_s=9.0, returned_s=9.5).write(tmp_path / "run")))
    doubtful = held(long, (HoldUpPlace.CORE, 1, 8.9, 400))
    summary = summary_of(doubtful, expect(1500))
    assert summary.doubt is not None
    assert summary.verdict == "fail"
    assert summary_of(doubtful, expect(3500)).verdict == "fail"
    assert summary_of(doubtful, expect(4500)).verdict == "inconclusive"


def test_a_move_without_a_fault_is_the_machines_if_a_probe_interval_was_held_up_before_it(quiet: Evidence) -> None:
    move = next(each for each in quiet.of(Decision) if each.via)
    early = replace(move, seen_ns=START + 2 * S, decided_ns=START + 2 * S, installed_ns=START + 2 * S + 9 * MS)
    moved = replace(quiet, decisions=(early,))
    assert summary_of(held(moved, (HoldUpPlace.PROBER, 3, 1.8, 40))).doubt is None
    doubt = summary_of(held(moved, (HoldUpPlace.PROBER, 3, 1.8, 55))).doubt
    assert doubt is not None
    assert "was moved to us-central at 2.000 s without a fault" in doubt


def test_lost_packets_of_the_machine_have_no_bounds(quiet: Evidence) -> None:
    dropped = replace(machine(), socket_drops=(SocketRow(ProcessId("client", "us-east"), "client", 3),))
    lossy = replace(quiet, machine=replace(dropped, links=quiet.machine.links, hosts=quiet.machine.hosts))  # type: ignore[union-attr]
    assert bounds_of(lossy) == (0.0, None)
    assert bounds_of(lossy, "media.hit_sessions") == (0.0, 4.0)


def test_waits_that_the_kernel_does_not_tell_have_no_bounds(quiet: Evidence) -> None:
    assert quiet.machine is not None
    told = [row for row in quiet.machine.counters if row.counter != "run_delay_samples"]
    summary = summary_of(replace(quiet, machine=replace(quiet.machine, counters=tuple(told))), expect(1500))
    assert (summary.verdict, summary.doubt) == (
        "inconclusive",
        "the kernel does not tell how long threads waited for a core",
    )


@pytest.mark.parametrize(
    ("late_ms", "limit", "verdict"),
    [
        (112, 1500, "pass"),  # far below the limit, whatever the 112 ms did
        (112, 150, "fail"),  # above it, even less 112 ms, a packet and the noise
        (112, 250, "inconclusive"),  # within
        (0, 280, "fail"),
        (0, 310, "inconclusive"),  # the noise alone
    ],
)
def test_a_verdict_is_decided_by_the_bounds_though_a_limit_of_fidelity_is_broken(
    quiet: Evidence, late_ms: float, limit: float, verdict: str
) -> None:
    strict = replace(quiet, plan=replace(quiet.plan, fidelity=replace(quiet.plan.fidelity, delay_p50_ns=1)))
    late = [(HoldUpPlace.RECEIVER, 3, 4.1, late_ms)] if late_ms else []
    summary = summary_of(held(strict, *late), expect(limit))
    assert summary.verdict == verdict
    (row,) = summary.expectations
    assert row.interval is not None
    assert row.interval != UNBOUNDED
    assert "309.4 ms (" in " ".join(summary.reasons) or verdict == "pass"


def test_what_was_held_up_is_listed_longest_first(quiet: Evidence) -> None:
    late = [(HoldUpPlace.RECEIVER, 3, 2.0, 30.0), (HoldUpPlace.RECEIVER, 3, 3.0, 50.0), (HoldUpPlace.CORE, 1, 1.0, 5.0)]
    rows = summary_of(held(quiet, *late, waits=[(RunDelayPlace.DIRECTORY, 1, 2, 7.0)])).hold_ups
    found = [(row.what, row.total_ms, row.longest_ms, row.at) for row in rows]
    assert found == [
        ("receiver us-west", 80.0, 50.0, 3.0),
        ("threads of directory", 7.0, 7.0, 1.0),
        ("core 1", 5.0, 5.0, 1.0),
    ]
