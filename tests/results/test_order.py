"""Order of arrival: the examples of RFC 4737, its definitions word by word, and where numbers do not show the order."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from synthetic_media import START, VOICE, received, recording, sent, stream

from hostio.timing import MS
from results.metrics.figure_types import LengthQuantiles
from results.metrics.matching import Matched, Packets, match
from results.metrics.order import Order, order_figures, order_of
from results.run_files.records import Rows

SSRC = 0xABCD0001
INTERVALS = {"voice": VOICE}


def order(matched: Matched) -> Order:
    return order_of(matched.packets, matched.arrivals, matched.streams, INTERVALS)


def arriving(*numbers: int, apart_ns: int = VOICE) -> Order:
    """Packets sent as 1, 2, 3 … that arrive in this order; those not named are lost."""
    rows = sent(SSRC, max(numbers), first_seq=1)
    chosen = rows[np.array(numbers) - 1]
    at_ns = START + 500 * MS + apart_ns * np.arange(len(numbers))
    return order(match(recording([stream(SSRC)], [rows], [received(chosen, at_ns - chosen["sent_ns"])])))


def by_number(found: Order) -> dict[int, tuple[int, int]]:
    """Extent and largest n of each packet out of order, by its number."""
    rows = np.flatnonzero(found.reordered)
    return {int(found.packet[row]) + 1: (int(found.extent[row]), int(found.degree[row])) for row in rows}


@pytest.mark.parametrize(
    ("arrivals", "expected"),
    [
        # Section 7.1: one packet is late; 7.2: two are, and the second one follows the first, so that no arrival in a
        # row before it was sent later; 7.3: three are, likewise.
        ((1, 2, 3, 5, 6, 7, 8, 4, 9, 10), {4: (4, 4)}),
        ((1, 2, 3, 4, 7, 5, 6, 8, 9, 10), {5: (1, 1), 6: (2, 0)}),
        ((1, 2, 3, 7, 8, 9, 10, 4, 5, 6, 11), {4: (4, 4), 5: (5, 0), 6: (6, 0)}),
        ((1, 2, 3, 4, 5, 6, 7, 8, 9, 10), {}),
        ((1, 2, 5, 6, 9), {}),  # losses alone
        ((5, 4, 3, 2, 1), {4: (1, 1), 3: (2, 2), 2: (3, 3), 1: (4, 4)}),
    ],
)
def test_examples_of_the_standard(arrivals: tuple[int, ...], expected: dict[int, tuple[int, int]]) -> None:
    assert by_number(arriving(*arrivals)) == expected


def test_figures_of_an_example() -> None:
    figures = order_figures(arriving(1, 2, 3, 7, 8, 9, 10, 4, 5, 6, 11))
    assert (figures.reordered, figures.reordered_percent) == (3, round(100 * 3 / 11, 4))
    assert figures.extent == LengthQuantiles(5.0, 5.98, 6.0)
    assert figures.late_ms == LengthQuantiles(100.0, 119.6, 120.0)
    assert (figures.n_reordering, figures.three_reordered, figures.after_gap) == (4, 1, 0)


def test_nothing_arrived_or_nothing_out_of_order_has_no_quantiles() -> None:
    rows = sent(SSRC, 3)
    nothing = order_figures(order(match(recording([stream(SSRC)], [rows], [received(rows[:0], 0)]))))
    assert (nothing.reordered, nothing.reordered_percent) == (0, None)
    figures = order_figures(arriving(1, 2, 3))
    assert (figures.reordered_percent, figures.extent.max, figures.late_ms.p50) == (0.0, None, None)


def word_by_word(numbers: list[int], at_ns: list[int]) -> list[tuple[bool, int, int, int]]:
    """Reordered (section 3.3), extent (4.2.3), late time (4.3.3) and largest n (5.3) of each arrival."""
    found, next_expected = [], numbers[0]
    for i, s in enumerate(numbers):
        if s >= next_expected:
            next_expected = s + 1
            found.append((False, 0, 0, 0))
            continue
        j = min(each for each in range(i) if numbers[each] > s)
        n = 0
        while n < i and numbers[i - n - 1] > s:
            n += 1
        found.append((True, i - j, at_ns[i] - at_ns[j], n))
    return found


def rough(rows: Rows, random: np.random.Generator) -> Rows:
    """Arrivals with loss, copies and delays that differ by many packet intervals; some at the same time."""
    kept = rows[random.random(len(rows)) > 0.1]
    arrived = received(kept, random.integers(0, random.choice([2, 30, 400]), len(kept)) * MS)
    return np.concatenate([arrived, received(kept[::7], random.integers(0, 300, len(kept[::7])) * MS)])


@pytest.mark.parametrize("seed", range(40))
def test_many_streams_at_once_come_to_the_definitions_of_each(seed: int) -> None:
    random = np.random.default_rng(seed)
    ssrcs = [7, 3, 9, 5]
    rows = [sent(ssrc, int(random.integers(1, 120)), first_seq=65_500, interval_ns=5 * MS) for ssrc in ssrcs]
    matched = match(recording([stream(ssrc) for ssrc in ssrcs], rows, [rough(each, random) for each in rows]))
    found, packets = order(matched), matched.packets
    assert sorted(found.packet.tolist()) == np.flatnonzero(packets.arrived).tolist()
    for index in range(len(ssrcs)):
        mine = found.chosen(packets.stream[found.packet] == index)
        at_ns = packets.received_ns[mine.packet]
        assert (np.diff(at_ns) >= 0).all()
        told = zip(mine.reordered, mine.extent, mine.late_ns, mine.degree, strict=True)
        expected = word_by_word(packets.seq[mine.packet].tolist(), at_ns.tolist()) if len(mine.packet) else []
        assert [tuple(map(int, each)) for each in told] == expected


@pytest.mark.parametrize("seed", range(10))
def test_a_part_has_the_same_figures_as_the_part_alone(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = {ssrc: sent(ssrc, 100, interval_ns=5 * MS) for ssrc in (1, 2)}
    arrived = {ssrc: rough(each, random) for ssrc, each in rows.items()}
    both = match(recording([stream(1), stream(2)], rows.values(), arrived.values()))
    for number, ssrc in enumerate(rows):
        alone = match(recording([stream(ssrc)], [rows[ssrc]], [arrived[ssrc]]))
        assert order_figures(order(both).of(both.packets.stream == number)) == order_figures(order(alone))


def test_a_copy_is_not_out_of_order() -> None:
    rows = sent(SSRC, 10)
    copies = received(rows[2:5], 31 * MS + 3 * VOICE)
    matched = match(recording([stream(SSRC)], [rows], [received(rows, 31 * MS), copies]))
    assert matched.packets.copies.sum() == 13
    assert order_figures(order(matched)).reordered == 0


@pytest.mark.parametrize("first_seq", [0, 65_530, 131_066])
def test_the_wrap_of_the_number_is_no_reordering(first_seq: int) -> None:
    rows = sent(SSRC, 20, first_seq=first_seq)
    late = np.where(np.arange(20) == 6, 31 + 45, 31) * MS
    figures = order_figures(order(match(recording([stream(SSRC)], [rows], [received(rows, late)]))))
    assert (figures.reordered, figures.extent.max) == (1, 2.0)


@pytest.mark.parametrize("restarted_at", [65_536 + 17, 65_536 + 39_000, 70_000, 200_000])
def test_a_sender_that_starts_again_at_another_number_reorders_nothing(restarted_at: int) -> None:
    """It sends 40 020 … 40 039 and then from another number on, which its record extends: RFC 3550 A.1."""
    before = sent(SSRC, 20, first_seq=40_020)
    after = sent(SSRC, 20, first_seq=restarted_at, start_ns=START + 20 * VOICE)
    matched = match(recording([stream(SSRC)], [before, after], [received(before, 31 * MS), received(after, 31 * MS)]))
    assert matched.packets.arrived.all()
    assert order_figures(order(matched)).reordered == 0


@pytest.mark.parametrize("seed", range(10))
def test_the_order_is_that_of_sending_whatever_the_numbers_are(seed: int) -> None:
    """As after a new start at a smaller number: numbers drawn anew give the same figures."""
    random = np.random.default_rng(seed)
    rows = sent(SSRC, 100, interval_ns=5 * MS)
    matched = match(recording([stream(SSRC)], [rows], [rough(rows, random)]))
    place = random.permutation(100)  # the row that has each place among the new numbers
    packets = Packets(*(getattr(matched.packets, field.name)[place] for field in fields(Packets)))
    packets = replace(packets, seq=np.arange(100))
    arrivals = replace(matched.arrivals, packet=np.argsort(place)[matched.arrivals.packet])
    assert order_figures(order_of(packets, arrivals, matched.streams, INTERVALS)) == order_figures(order(matched))


def test_late_after_a_gap_is_what_came_after_the_end_of_the_silence_that_it_could_have_filled() -> None:
    """Packets 4 to 8 stand in a relay while 9 ends the silence on another way; 10 only swaps with 11."""
    rows = sent(SSRC, 20, first_seq=1)
    latency = np.full(20, 31 * MS)
    latency[3:8] = 31 * MS + 200 * MS
    latency[9] += 25 * MS
    figures = order_figures(order(match(recording([stream(SSRC)], [rows], [received(rows, latency)]))))
    assert (figures.reordered, figures.after_gap) == (6, 5)


def test_the_same_packets_without_a_silence_are_reordered_only() -> None:
    rows = sent(SSRC, 20, first_seq=1)
    latency = np.full(20, 31 * MS)
    latency[3] += 200 * MS
    figures = order_figures(order(match(recording([stream(SSRC)], [rows], [received(rows, latency)]))))
    assert (figures.reordered, figures.after_gap, figures.late_ms.max) == (1, 0, 180.0)


def test_uniform_jitter_of_5_ms_on_packets_1_ms_apart_comes_to_its_arithmetic() -> None:
    """A packet is overtaken by its neighbour if their delays differ by more than 1 ms: (10 − 1)² / (2 · 10²) = 40.5 %.

    It is in order if none of those after it comes before it: of a delay x in −5 … 5, with probability of the product
    over m = 1 … 9 of P(delay > x − m); over all x that leaves 58.7 % out of order.
    """
    swapped = (10 - 1) ** 2 / (2 * 10**2)
    x = np.linspace(-5, 5, 200_001)
    out_of_order = 1 - np.prod([np.clip((5 - (x - m)) / 10, 0, 1) for m in range(1, 10)], axis=0).mean()
    assert (swapped, out_of_order) == (0.405, pytest.approx(0.587, abs=0.0005))
    rows = sent(SSRC, 200_000, interval_ns=MS)
    latency = 30 * MS + np.random.default_rng(2).integers(-5 * MS, 5 * MS, len(rows))
    matched = match(recording([stream(SSRC)], [rows], [received(rows, latency)]))
    figures = order_figures(order(matched))
    neighbours = np.diff(matched.packets.received_ns) < 0
    assert matched.packets.arrived.all()
    assert neighbours.mean() == pytest.approx(swapped, abs=0.005)  # 4 σ of 200 000 draws
    assert figures.reordered_percent == pytest.approx(100 * out_of_order, abs=0.7)  # neighbours depend on each other


def test_frames_sent_ahead_are_a_quarter_out_of_order_if_the_delay_exceeds_the_interval() -> None:
    """Half of them get no delay: one is overtaken if it got the delay and the next did not, 1/2 · 1/2."""
    rows = sent(SSRC, 100_000, first_seq=9)
    ahead = np.random.default_rng(6).random(len(rows)) < 0.5
    for delay_ns, expected in ((31_150_000, 25.0), (9_400_000, 0.0)):
        matched = match(recording([stream(SSRC)], [rows], [received(rows, np.where(ahead, 0, delay_ns))]))
        assert order_figures(order(matched)).reordered_percent == pytest.approx(expected, abs=0.6 * bool(expected))


def test_equal_send_times_are_ordered_by_number() -> None:
    """A frame of video leaves at once."""
    rows = sent(SSRC, 12, interval_ns=0)
    swapped = received(rows, 31 * MS + np.arange(12) * 1_000)
    assert order_figures(order(match(recording([stream(SSRC)], [rows], [swapped])))).reordered == 0
    swapped["received_ns"][[3, 4]] = swapped["received_ns"][[4, 3]]
    assert order_figures(order(match(recording([stream(SSRC)], [rows], [swapped])))).reordered == 1


def test_streams_without_an_interval_have_no_silence() -> None:
    rows = sent(SSRC, 1)
    matched = match(recording([stream(SSRC)], [rows], [received(rows, 31 * MS)]))
    found = order_of(matched.packets, matched.arrivals, matched.streams, {})
    assert order_figures(found).after_gap == 0
