import numpy as np
import pytest
from every import every
from synthetic_media import NO_FRAMES, received, recording, sent, stream

from hostio.timing import MS
from results.metrics.matching import NEVER, UNMATCHED, extended, match
from results.run_files.records import Recording

SSRC = 0xABCD0001
LATENCY = 31 * MS


def test_packets_keep_their_identity_over_the_sequence_wrap() -> None:
    rows = sent(SSRC, 100, first_seq=65_500)
    matched = match(recording([stream(SSRC)], [rows], [received(rows, LATENCY)]))
    assert matched.packets.seq.tolist() == list(range(65_500, 65_600))
    assert every(matched.packets.received_ns - rows["sent_ns"] == LATENCY)


@pytest.mark.parametrize("gap", [1, 32_767, 32_768, 65_535, 65_536, 200_000])
def test_no_gap_is_too_long_for_the_sequence_number(gap: int) -> None:
    rows = sent(SSRC, gap + 20, first_seq=65_530)
    kept = np.concatenate([rows[:10], rows[gap + 10 :]])
    packets = match(recording([stream(SSRC)], [rows], [received(kept, LATENCY)])).packets
    assert np.flatnonzero(packets.arrived).tolist() == [*range(10), *range(gap + 10, gap + 20)]


def test_a_send_time_rounded_in_the_packet_still_finds_its_packet() -> None:
    streams = [stream(SSRC), stream(2)]
    rows = [sent(SSRC, 50, first_seq=40_000), sent(2, 50, first_seq=100)]
    arrived = [received(each, LATENCY) for each in rows]
    for each in arrived:
        each["sent_ns"] -= 1
    assert every(match(recording(streams, rows, arrived)).packets.arrived)


def test_the_first_copy_counts_and_the_others_are_duplicates() -> None:
    rows = sent(SSRC, 5)
    late, early = received(rows[2:3], 80 * MS, path=9), received(rows, LATENCY, path=7)
    matched = match(recording([stream(SSRC)], [rows], [late, early]))
    assert matched.packets.copies.tolist() == [1, 1, 2, 1, 1]
    assert matched.packets.path.tolist() == [7] * 5
    assert matched.packets.received_ns[2] == rows["sent_ns"][2] + LATENCY


def test_arrivals_are_in_order_of_arrival_per_stream() -> None:
    streams = [stream(SSRC), stream(2)]
    rows = [sent(SSRC, 20), sent(2, 20)]
    shuffled = np.random.default_rng(3).permutation(np.concatenate([received(each, LATENCY) for each in rows]))
    arrivals = match(recording(streams, rows, [shuffled])).arrivals
    assert arrivals.stream.tolist() == [0] * 20 + [1] * 20
    assert arrivals.packet.tolist() == list(range(40))


def test_what_did_not_arrive_says_so() -> None:
    rows = sent(SSRC, 3)
    packets = match(recording([stream(SSRC)], [rows], [received(rows[:1], LATENCY)])).packets
    assert packets.received_ns.tolist() == [rows["sent_ns"][0] + LATENCY, NEVER, NEVER]


def test_packets_nobody_sent_are_told_apart() -> None:
    rows = sent(SSRC, 10)
    strange = received(sent(99, 4), LATENCY)
    unsent = received(sent(SSRC, 1, first_seq=500), LATENCY)
    matched = match(recording([stream(SSRC)], [rows], [received(rows, LATENCY), strange, unsent]))
    assert matched.foreign == 4
    assert np.count_nonzero(matched.arrivals.packet == UNMATCHED) == 1


def test_a_stream_without_the_record_of_an_end_is_not_measured() -> None:
    streams = (stream(SSRC), stream(2, "us-west", "us-east"))
    rows = sent(SSRC, 10)
    one_way = Recording(
        streams, {"us-east": rows}, {"us-west": received(rows, LATENCY)}, {}, {}, {}, {}, {}, NO_FRAMES, ()
    )
    matched = match(one_way)
    assert (matched.streams, matched.unrecorded) == (streams[:1], streams[1:])
    assert matched.packets.arrived.sum() == 10
    assert matched.foreign == 0


def test_nothing_recorded_is_nothing_matched() -> None:
    matched = match(Recording((), {}, {}, {}, {}, {}, {}, {}, NO_FRAMES, ()))
    assert len(matched.packets.seq) == 0
    assert len(matched.arrivals.packet) == 0


def test_extended_is_the_nearest() -> None:
    reference = np.array([65_535, 65_536, 100, 131_072])
    assert extended(np.array([2, 65_535, 99, 65_530]), reference).tolist() == [65_538, 65_535, 99, 131_066]
