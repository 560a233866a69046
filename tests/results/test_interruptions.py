import numpy as np
import pytest
from synthetic_media import DIRECT_EAST_WEST, START, VIA_CENTRAL, plan, received, recording, sent, stream, without

from hostio.timing import MS, S
from results.metrics.delay_bounds import delay_bounds
from results.metrics.interruptions import Interruption, find_silences, nominal_intervals
from results.metrics.matching import match
from results.metrics.speech import speech_of
from results.metrics.streams import fates
from results.run_files.records import Rows

SSRC = 0xABCD0001
LATENCY = 31 * MS
COUNT = 500
END = START + 10 * S


def interruptions(rows: Rows, arrived: Rows, media: str = "voice", end_ns: int = END) -> tuple[Interruption, ...]:
    matched = match(recording([stream(SSRC, media=media)], [rows], [arrived]))
    bounds = delay_bounds(plan(), {})
    speech = speech_of(matched, {}, START)
    intervals = nominal_intervals(matched, speech)
    return find_silences(matched, speech, fates(matched.packets, end_ns), intervals, end_ns, bounds).interruptions


def test_a_blip_lasts_from_the_last_packet_before_to_the_first_after() -> None:
    rows = sent(SSRC, COUNT)
    arrived = received(without(rows, (4.0, 4.3)), LATENCY)
    (found,) = interruptions(rows, arrived)
    assert found.started_ns == START + 3_980 * MS + LATENCY
    assert found.length_ns == 320 * MS
    assert (found.packets_lost, found.still) == (15, False)


def test_the_way_back_is_named_and_its_longer_latency_counts() -> None:
    rows = sent(SSRC, COUNT)
    kept = without(rows, (4.0, 4.3))
    after = kept["sent_ns"] > START + 4 * S
    arrived = received(kept, np.where(after, 41 * MS, LATENCY), np.where(after, VIA_CENTRAL, DIRECT_EAST_WEST))
    (found,) = interruptions(rows, arrived)
    assert found.length_ns == 330 * MS
    assert found.resumed_path == VIA_CENTRAL


def test_two_gaps_are_two_interruptions() -> None:
    rows = sent(SSRC, COUNT)
    found = interruptions(rows, received(without(rows, (4.0, 4.3), (4.32, 4.5)), LATENCY))
    assert [each.length_ns for each in found] == [320 * MS, 200 * MS]
    assert [each.packets_lost for each in found] == [15, 9]


@pytest.mark.parametrize(("missing", "count"), [(0, 0), (1, 0), (2, 1), (3, 1)])
def test_two_packets_in_a_row_must_be_missing(missing: int, count: int) -> None:
    rows = sent(SSRC, COUNT)
    assert len(interruptions(rows, received(np.delete(rows, slice(100, 100 + missing)), LATENCY))) == count


def test_jitter_of_half_an_interval_is_no_interruption() -> None:
    rows = sent(SSRC, COUNT)
    late = np.where(np.arange(COUNT) % 7 == 0, LATENCY + 9 * MS, LATENCY)
    assert interruptions(rows, received(rows, late)) == ()


def test_lateness_is_silence_too() -> None:
    rows = sent(SSRC, COUNT)
    late = np.where(np.arange(COUNT) >= 100, LATENCY + 100 * MS, LATENCY)
    (found,) = interruptions(rows, received(rows, late))
    assert (found.length_ns, found.packets_lost) == (120 * MS, 0)


def test_a_stream_silent_at_the_end_is_still_interrupted() -> None:
    rows = sent(SSRC, COUNT)
    (found,) = interruptions(rows, received(without(rows, (9.0, 10.0)), LATENCY))
    assert (found.still, found.ended_ns) == (True, END)
    assert found.length_ns == END - (START + 8_980 * MS + LATENCY)
    assert found.packets_lost == 49


def test_packets_in_flight_at_the_end_are_no_interruption() -> None:
    rows = sent(SSRC, COUNT)
    latency = 120 * MS
    arrived = received(rows, latency)
    assert interruptions(rows, arrived[arrived["received_ns"] < END]) == ()


def test_a_stream_never_heard_is_interrupted_from_its_first_packet() -> None:
    rows = sent(SSRC, COUNT)
    (found,) = interruptions(rows, received(rows[:0], LATENCY))
    assert (found.started_ns, found.ended_ns, found.still, found.packets_lost) == (START, END, True, COUNT)


def test_a_stream_heard_late_was_interrupted_from_its_first_packet() -> None:
    rows = sent(SSRC, COUNT)
    (found,) = interruptions(rows, received(without(rows, (0.0, 1.0)), LATENCY))
    assert (found.started_ns, found.still, found.packets_lost) == (START, False, 50)
    assert found.length_ns == S + LATENCY


def test_a_stream_that_ended_early_is_not_interrupted() -> None:
    rows = sent(SSRC, COUNT // 2)
    assert interruptions(rows, received(rows, LATENCY)) == ()


def test_duplicates_and_reordering_are_no_interruptions() -> None:
    rows = sent(SSRC, COUNT)
    swapped = np.where(np.arange(COUNT) % 2 == 0, LATENCY + 25 * MS, LATENCY)
    assert interruptions(rows, np.concatenate([received(rows, swapped), received(rows, LATENCY + 5 * MS)])) == ()


def test_a_late_duplicate_does_not_shorten_an_interruption() -> None:
    rows = sent(SSRC, COUNT)
    arrived = received(without(rows, (4.0, 4.3)), LATENCY)
    (found,) = interruptions(rows, np.concatenate([arrived, received(rows[190:191], 350 * MS)]))
    assert found.length_ns == 320 * MS


def test_a_gap_over_the_sequence_wrap() -> None:
    rows = sent(SSRC, COUNT, first_seq=65_536 - 210)
    (found,) = interruptions(rows, received(without(rows, (4.0, 4.3)), LATENCY))
    assert (found.length_ns, found.packets_lost) == (320 * MS, 15)


def video(count: int) -> Rows:
    """Thirty frames a second of three packets, a millisecond apart."""
    rows = sent(SSRC, count)
    index = np.arange(count)
    rows["due_ns"] = rows["sent_ns"] = START + index // 3 * (S // 30) + index % 3 * MS
    return rows


def test_the_pause_between_video_frames_is_no_interruption() -> None:
    rows = video(900)
    assert interruptions(rows, received(rows, LATENCY), "video") == ()


def test_two_video_frames_in_a_row_must_be_missing() -> None:
    rows = video(900)
    assert interruptions(rows, received(np.delete(rows, slice(300, 303)), LATENCY), "video") == ()
    (found,) = interruptions(rows, received(np.delete(rows, slice(300, 306)), LATENCY), "video")
    assert found.packets_lost == 6


def test_the_nominal_interval_is_per_media() -> None:
    rows = [sent(1, 100), video(300)]
    streams = [stream(1), stream(SSRC, media="video")]
    matched = match(recording(streams, rows, [received(each, LATENCY) for each in rows]))
    assert nominal_intervals(matched, speech_of(matched, {}, START)) == {"video": S // 30 - 2 * MS, "voice": 20 * MS}
