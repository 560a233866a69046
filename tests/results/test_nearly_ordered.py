"""What is computed in few passes is what the general functions compute: on columns in order, and in any order."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import Generator

from results.bounds.late_inputs import LateInputs
from results.bounds.spans import MANY_WINDOWS, Screen, Spans
from results.metrics.matching import NEVER, Arrivals, Ints, Packets, extended, row_of
from results.metrics.nearly_ordered import NO_ROW, by_stream, distinct, first_arrivals, in_sequence
from results.metrics.order import degrees
from results.metrics.streams import jitter

ROWS = 400


@pytest.fixture(params=range(4))
def random(request: pytest.FixtureRequest) -> Generator:
    return np.random.default_rng(request.param)


@pytest.mark.parametrize("streams", [1, 9, 70_000])
@pytest.mark.parametrize("disorder", [0, 5, 1000])
def test_rows_are_in_the_order_of_lexsort(random: Generator, streams: int, disorder: int) -> None:
    stream = random.integers(-1, streams, ROWS)
    column = np.arange(ROWS) + random.integers(0, disorder + 1, ROWS)
    assert by_stream(stream, column).tolist() == np.lexsort((column, stream)).tolist()


def test_of_no_rows_there_is_no_order() -> None:
    nothing = np.empty(0, np.int64)
    assert by_stream(nothing, nothing).tolist() == []
    assert [each.tolist() for each in distinct(nothing)] == [[], []]


@pytest.mark.parametrize("run", [1, 50])
def test_distinct_values_are_those_of_unique(random: Generator, run: int) -> None:
    values = np.repeat(random.integers(0, 4, ROWS // run), run)
    found = distinct(values)
    expected = np.unique(values, return_inverse=True)
    assert [each.tolist() for each in found] == [each.tolist() for each in expected]


def numbered(random: Generator) -> Packets:
    """Streams whose numbers follow one another, one with a gap, one that is long, and one without packets."""
    parts = ((0, np.arange(65_500, 65_700)), (1, np.r_[10:50, 60:90]), (3, np.arange(40_000)))
    stream = np.concatenate([np.full(len(seq), number) for number, seq in parts])
    seq = np.concatenate([each for _, each in parts])
    sent_ns = np.cumsum(random.integers(1, 50, len(seq)))
    nothing = np.zeros(len(seq), np.int64)
    return Packets(stream, seq, sent_ns, sent_ns, nothing + NEVER, nothing, nothing)


def test_rows_of_numbers_are_those_of_a_search_after_extending_them(random: Generator) -> None:
    packets = numbered(random)
    chosen = np.concatenate(
        [random.integers(low, high, ROWS // 4) for low, high in ((0, 200), (200, 270), (270, 40_270))]
    )
    stream, seq = packets.stream[chosen], packets.seq[chosen] & 0xFFFF
    seq[::7] = random.integers(0, 1 << 16, len(seq[::7]))  # sent by nobody, most of them
    near = np.clip(packets.seq[chosen] + random.integers(-5, 5, len(seq)), 0, None)
    found, unknown = in_sequence(stream, seq, packets.stream, packets.seq)
    assert set(stream[unknown].tolist()) == {1, 3}
    told = np.setdiff1d(np.arange(len(seq)), unknown)
    expected = row_of(stream, extended(seq, near), packets)
    assert found[told].tolist() == expected[told].tolist()
    assert {NO_ROW} < {*found[told].tolist()}


def test_the_first_copy_of_each_packet_is_found(random: Generator) -> None:
    packet = random.integers(-1, 60, ROWS)
    _, first = np.unique(packet, return_index=True)
    expected = sorted(set(first.tolist()) - {int(np.flatnonzero(packet == NO_ROW)[0])})
    assert first_arrivals(packet, np.bincount(packet[packet != NO_ROW])).tolist() == expected
    once = np.array([3, NO_ROW, 1])
    assert first_arrivals(once, np.bincount([3, 1])).tolist() == [0, 2]


def test_jitter_is_that_of_each_packet_after_the_other(random: Generator) -> None:
    """RFC 3550 §6.4.1 as written, to the bit, whether few streams have packets or many."""
    for streams in (3, 40):
        stream = np.sort(random.integers(0, streams, ROWS))
        sent_ns = np.arange(ROWS) * 20_000_000
        received_ns = sent_ns + random.integers(0, 9_000_000, ROWS)
        nothing = np.zeros(ROWS, np.int64)
        found = jitter(Arrivals(stream, nothing, sent_ns, received_ns, nothing.astype(np.uint32)))
        estimate, transit = 0.0, 0
        for row in range(ROWS):
            now = int(received_ns[row] - sent_ns[row])
            first = row == 0 or stream[row] != stream[row - 1]
            estimate = 0.0 if first else estimate + (abs(now - transit) - estimate) / 16
            transit = now
            assert found[row] == estimate


def test_degrees_are_the_same_with_the_largest_known(random: Generator) -> None:
    rank = np.argsort(np.arange(ROWS) + random.integers(0, 30, ROWS), kind="stable")
    reordered = rank < np.maximum.accumulate(rank)
    whole = degrees(rank, reordered)
    assert whole.max() > 3
    assert degrees(rank, reordered, int(whole.max())).tolist() == whole.tolist()
    counted = [next((n for n in range(row + 1) if n == row or rank[row - n - 1] < rank[row]), 0) for row in range(ROWS)]
    assert whole.tolist() == np.where(reordered, counted, 0).tolist()


def windows(random: Generator, count: int) -> tuple[Ints, Ints]:
    from_ns = random.integers(-10_000_000, 10_000_000_000, count)
    return from_ns, from_ns + random.integers(-1_000_000, 90_000_000, count)


def test_many_windows_have_in_them_what_each_alone_has(random: Generator) -> None:
    begin = np.sort(random.integers(0, 9_000_000_000, 12))
    spans = Spans.union(begin, begin + random.integers(0, 40_000_000, 12))
    late = LateInputs.of(begin, begin + random.integers(1, 60_000_000, 12))
    from_ns, until_ns = windows(random, MANY_WINDOWS)
    few = slice(0, 300)
    for found in (spans.overlap, late.most_within):
        many = found(from_ns, until_ns)
        assert many[few].tolist() == found(from_ns[few], until_ns[few]).tolist()
        assert many.any()
        assert not many.all()


def test_a_screen_of_a_long_time_or_of_nothing_is_right_too() -> None:
    from_ns, until_ns = np.array([0, 5]), np.array([1, 9])
    assert Screen.of(np.array([0, 10**17]), np.array([1, 10**17])).touched(from_ns, until_ns).tolist() == [0, 1]
    nothing = np.empty(0, np.int64)
    assert Screen.of(nothing, nothing).touched(from_ns, until_ns).tolist() == []
