"""Silences without loss: pauses where the emulated links explain them, else interruptions."""

from dataclasses import replace

import numpy as np
import pytest
from every import every
from synthetic_media import DIRECT_EAST_WEST, START, TRIANGLE, VIA_CENTRAL, plan, received, recording, sent, stream

from hostio.timing import MS, S
from results.metrics.delay_bounds import delay_bounds
from results.metrics.interruptions import Silences, find_silences, nominal_intervals
from results.metrics.matching import match
from results.metrics.speech import speech_of
from results.metrics.streams import fates
from results.run_files.events import FaultEdge
from results.run_files.faults import Level, LinkFault
from results.run_files.records import Rows
from topologies.link_state import Jitter, LinkChange
from topologies.model import Direction, Link

SSRC = 0xABCD0001
LATENCY = 31 * MS
COUNT = 500
END = START + 10 * S
EAST_WEST = (Direction("us-east", "us-west"),)
FAST = 1 * MS


def edge(at_ns: int) -> FaultEdge:
    return FaultEdge(0, "start", at_ns, at_ns, at_ns, at_ns)


def silences(rows: Rows, arrived: Rows, *faults: LinkFault, jitter_ns: int = 0) -> Silences:
    """Of a stream from east to west, under faults that were applied exactly when planned."""
    links = tuple(Link.alike(link.a, link.b, link.there.delay_ns, jitter_ns) for link in TRIANGLE.links)
    topology = replace(TRIANGLE, links=links)
    times = {(n, "start"): fault.at_ns for n, fault in enumerate(faults)}
    times |= {(n, "end"): fault.until_ns for n, fault in enumerate(faults)}
    edges = {key: edge(START + at_ns) for key, at_ns in times.items()}
    bounds = delay_bounds(replace(plan(faults=faults), topology=topology), edges)
    matched = match(recording([stream(SSRC)], [rows], [arrived]))
    speech = speech_of(matched, {}, START)
    return find_silences(matched, speech, fates(matched.packets, END), nominal_intervals(matched, speech), END, bounds)


def fast(count: int = 10_000) -> Rows:
    """A thousand packets a second."""
    return sent(SSRC, count, interval_ns=FAST)


def fault(change: LinkChange, start_s: float = 2.0, end_s: float = 6.0, *levels: Level) -> LinkFault:
    return LinkFault("fault", round(start_s * S), round(end_s * S), EAST_WEST, change, levels=levels)


def jittery(rows: Rows, spread_ns: int) -> Rows:
    """All arrive, each by up to so much earlier or later than the link's delay."""
    return received(rows, LATENCY + np.random.default_rng(3).integers(-spread_ns, spread_ns, len(rows)))


def test_uniform_jitter_of_a_fast_stream_makes_pauses() -> None:
    rows = fast()
    found = silences(rows, jittery(rows, 5 * MS), jitter_ns=5 * MS)
    assert found.interruptions == ()
    assert len(found.pauses) > 500
    assert 2.5 * FAST <= max(each.length_ns for each in found.pauses) <= 2 * 5 * MS + FAST


@pytest.mark.parametrize("seed", range(20))
def test_jitter_interrupts_nothing_from_the_first_packet_to_the_last(seed: int) -> None:
    """Where packets are heard out of order, too: first the fourth, or last the last but three."""
    rows = fast(60)
    late = np.random.default_rng(seed).integers(-5 * MS, 5 * MS, len(rows))
    assert silences(rows, received(rows, LATENCY + late), jitter_ns=5 * MS).interruptions == ()


def test_the_same_silences_on_a_link_without_jitter_are_interruptions() -> None:
    rows = fast()
    known, unknown = (silences(rows, jittery(rows, 5 * MS), jitter_ns=each * MS) for each in (5, 0))
    assert unknown.pauses == ()
    assert [each.length_ns for each in unknown.interruptions] == [each.length_ns for each in known.pauses]


def test_jitter_counts_only_while_its_fault_applies() -> None:
    rows = fast()
    during = fault(LinkChange(jitter=Jitter(5 * MS)), 2.0, 6.0)
    found = silences(rows, jittery(rows, 5 * MS), during)
    assert len(found.pauses) > 100
    assert every(each.started_ns >= START + 2 * S - 10 * MS for each in found.pauses)
    assert every(each.started_ns <= START + 6 * S + LATENCY + 10 * MS for each in found.pauses)
    early = [each for each in found.interruptions if each.ended_ns < START + 2 * S]
    late = [each for each in found.interruptions if each.started_ns > START + 6 * S + LATENCY + 10 * MS]
    assert min(len(early), len(late)) > 100
    assert len(early) + len(late) >= len(found.interruptions) - 5


@pytest.mark.parametrize("held_ms", [30, 300, 3_000])
@pytest.mark.parametrize("newest_first", [False, True])
def test_a_relay_that_holds_packets_and_then_delivers_them_all_interrupts(held_ms: int, newest_first: bool) -> None:
    """Whatever jitter the link has, and in whatever order it lets them go."""
    rows = fast()
    held = (rows["sent_ns"] >= START + 4 * S) & (rows["sent_ns"] < START + 4 * S + held_ms * MS)
    until_ns = START + 4 * S + held_ms * MS
    number = np.cumsum(held) - 1
    place = held_ms - 1 - number if newest_first else number
    latency = np.where(held, until_ns - rows["sent_ns"] + place * 1_000, 0) + LATENCY
    arrived = received(rows, latency + np.random.default_rng(4).integers(-5 * MS, 5 * MS, len(rows)))
    found = silences(rows, arrived, jitter_ns=5 * MS)
    longest = max(found.interruptions, key=lambda each: each.length_ns)
    assert longest.length_ns == pytest.approx(held_ms * MS, abs=11 * MS)
    assert longest.packets_lost == 0
    assert max(each.length_ns for each in found.pauses) < 12.5 * MS


def test_frames_sent_ahead_make_pauses_where_a_link_reorders() -> None:
    """Two in a row that got no delay leave a gap of three intervals where they would have been."""
    rows = sent(SSRC, COUNT)
    ahead = (rows["sent_ns"] > START + 3 * S) & (np.arange(COUNT) % 11 < 2)
    arrived = received(rows, np.where(ahead, 0, LATENCY))
    found = silences(rows, arrived, fault(LinkChange(reorder=0.1), 2.0, 10.0))
    assert found.interruptions == ()
    assert len(found.pauses) > 20
    assert silences(rows, arrived).pauses == ()


@pytest.mark.parametrize("levels", [(), (Level(round(2.5 * S), 0.5), Level(3 * S, 1.0))])
def test_a_path_that_gets_longer_by_plan_makes_a_pause(levels: tuple[Level, ...]) -> None:
    rows = sent(SSRC, COUNT)
    longer = rows["sent_ns"] >= START + 3 * S
    start_s = 2.0 if levels else 3.0
    change = fault(LinkChange(extra_delay_ns=100 * MS), start_s, 10.0, *levels)
    found = silences(rows, received(rows, np.where(longer, LATENCY + 100 * MS, LATENCY)), change)
    assert (found.interruptions, [each.length_ns for each in found.pauses]) == ((), [120 * MS])


def test_a_delay_in_force_all_the_time_explains_no_silence() -> None:
    rows = sent(SSRC, COUNT)
    later = rows["sent_ns"] >= START + 4 * S
    change = fault(LinkChange(extra_delay_ns=100 * MS), 1.0, 9.5)
    found = silences(rows[60:440], received(rows, np.where(later, LATENCY + 100 * MS, LATENCY))[60:440], change)
    assert (found.pauses, [each.length_ns for each in found.interruptions]) == ((), [120 * MS])


def test_a_longer_way_round_makes_a_pause_of_a_fast_stream() -> None:
    rows = fast()
    over = rows["sent_ns"] >= START + 4 * S
    arrived = received(rows, np.where(over, 40_550_000, 31_150_000), np.where(over, VIA_CENTRAL, DIRECT_EAST_WEST))
    found = silences(rows, arrived)
    assert (found.interruptions, [each.length_ns for each in found.pauses]) == ((), [10_400_000])


def test_a_queue_may_hold_packets_up_to_its_length() -> None:
    rows = sent(SSRC, COUNT)
    late = rows["sent_ns"] >= START + 4 * S
    arrived = received(rows, np.where(late, LATENCY + 80 * MS, LATENCY))
    brownout = fault(LinkChange(rate_bps=1_000_000, queue_ns=80 * MS))
    assert [each.length_ns for each in silences(rows, arrived, brownout).pauses] == [100 * MS]
    shorter = fault(LinkChange(rate_bps=1_000_000, queue_ns=40 * MS))
    assert [each.length_ns for each in silences(rows, arrived, shorter).interruptions] == [100 * MS]


def test_one_packet_lost_makes_a_silence_an_interruption_whatever_the_jitter() -> None:
    rows = fast()
    arrived = np.delete(received(rows, LATENCY), [4000, 4001])
    (found,) = silences(rows, arrived, jitter_ns=5 * MS).interruptions
    assert (found.length_ns, found.packets_lost) == (3 * FAST, 2)


def test_a_first_packet_that_was_overtaken_makes_a_pause_only_by_plan() -> None:
    rows = sent(SSRC, COUNT)
    arrived = received(rows, np.where(np.arange(COUNT) < 3, 131_150_000, 31_150_000))
    longer = fault(LinkChange(extra_delay_ns=100 * MS), 0.0, 0.06)
    assert (silences(rows, arrived, longer).interruptions, silences(rows, arrived).pauses) == ((), ())
    assert len(silences(rows, arrived).interruptions) == 1


def test_a_fault_that_was_never_applied_explains_nothing() -> None:
    rows = fast()
    bounds = delay_bounds(plan(faults=(fault(LinkChange(jitter=Jitter(5 * MS))),)), {})
    matched = match(recording([stream(SSRC)], [rows], [jittery(rows, 5 * MS)]))
    speech = speech_of(matched, {}, START)
    assert find_silences(matched, speech, fates(matched.packets, END), {"voice": FAST}, END, bounds).pauses == ()
