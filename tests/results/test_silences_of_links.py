"""Bounds of a silence that links alone began and ended, in a run made by arithmetic."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bounds_lab import VOICE_MS, bounds_of, held, on_time, summary_of
from synthetic_media import START
from synthetic_run import Blip

from hostio.timing import MS, S
from relay_app.locks.report import Durations, LockReport, LockRow
from results.metrics.analysis import Evidence
from results.report.report import read_evidence
from results.run_files.events import FaultEdge
from results.run_files.faults import LinkFault
from results.run_files.hold_ups import HoldUpPlace, RunDelayPlace
from topologies.link_state import LinkChange, RandomLoss

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


def with_fault(evidence: Evidence, change: LinkChange) -> Evidence:
    """The same run with a second fault on the link, at the times at which its first one was planned."""
    (blackhole,) = (each for each in evidence.plan.faults if isinstance(each, LinkFault))
    begin_ns, end_ns = START + blackhole.at_ns, START + blackhole.until_ns
    edges = (
        FaultEdge(1, "start", begin_ns, begin_ns, begin_ns, begin_ns),
        FaultEdge(1, "end", end_ns, end_ns, end_ns, end_ns),
    )
    faults = (blackhole, replace(blackhole, what="second", change=change))
    return replace(evidence, plan=replace(evidence.plan, faults=faults), events=(*evidence.events, *edges))


@pytest.mark.parametrize(
    ("change", "packets"),
    [(LinkChange(reorder=0.5), 0), (LinkChange(extra_delay_ns=MS), 0), (LinkChange(loss=RandomLoss(0.5)), 1)],
)
def test_only_an_edge_of_a_fault_that_loses_packets_leaves_one_to_chance(
    unrepaired: Evidence, change: LinkChange, packets: int
) -> None:
    low, high = bounds_of(with_fault(at_other_times(unrepaired, 10 * MS), change))
    assert low == pytest.approx(UNREPAIRED_MS - packets * VOICE_MS - TRIP_NOISE_MS, abs=0.1)
    assert high == pytest.approx(UNREPAIRED_MS + packets * VOICE_MS + TRIP_NOISE_MS, abs=0.1)


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
