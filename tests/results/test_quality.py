"""Bursts, concealed seconds and the E-model: against the example of RFC 3611, the definitions, and published points."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest
from synthetic_media import START, VOICE, received, recording, sent, stream

from hostio.timing import MS, S
from results.metrics.bursts import GMIN, bursts_of
from results.metrics.concealment import concealment_of
from results.metrics.e_model import FULLBAND_SCALE, burst_ratio, fullband_r, mos, narrowband_r
from results.metrics.matching import Flags, Ints, match
from results.metrics.quality import Quality, quality_of
from results.metrics.quality_figures import burst_figures, concealment_figures, speech_quality
from results.metrics.streams import Floats, fates

RFC_3611 = "11110111111111111111111X111X1011110111111111111111111X1111111111"
"""The example of §4.7.2, with the last of its 64 packets, which the text says and its figure does not show."""


def values(*each: float) -> Floats:
    return np.array(each, np.float64)


def lost_in(pattern: str) -> Flags:
    return np.array([each != "1" for each in pattern], bool)


def one_stream(pattern: str, packet_ns: int = 10 * MS) -> tuple[Ints, Flags, Ints]:
    lost = lost_in(pattern)
    return np.zeros(len(lost), np.int64), lost, np.full(len(lost), packet_ns, np.int64)


def test_the_example_of_the_standard_has_its_burst_and_its_gaps() -> None:
    """A burst of 120 ms with a density of 0.33, gaps of 230 and 290 ms with one of 0.04."""
    found = bursts_of(*one_stream(RFC_3611), 1)
    assert (found.bursts[0], found.burst_ns[0], found.gaps[0], found.gap_ns[0]) == (1, 120 * MS, 2, 520 * MS)
    assert round(found.burst_lost[0] / found.burst_packets[0], 2) == 0.33
    assert round(found.gap_lost[0] / found.gap_packets[0], 2) == 0.04
    figures = burst_figures(found)
    assert (figures.mean_ms, figures.longest_ms, figures.gap_mean_ms) == (120, 120, 260)


def burst_rows(lost: list[bool]) -> set[int]:
    """The definition word by word: each longest sequence that starts and ends with a lost packet, has two of them or
    more, and no `GMIN` received in a row."""
    found: set[int] = set()
    for first in range(len(lost)):
        for last in range(first + 1, len(lost)):
            runs = (len(list(run)) for gone, run in groupby(lost[first : last + 1]) if not gone)
            if lost[first] and lost[last] and max(runs, default=0) < GMIN:
                found |= set(range(first, last + 1))
    return found


@pytest.mark.parametrize("share", [0.03, 0.1, 0.5])
def test_bursts_are_those_of_the_definition_in_every_stream(share: float) -> None:
    random = np.random.default_rng(3)
    lost = random.random(240) < share
    stream_of = np.repeat(np.array([0, 2, 3], np.int64), 80)  # the second sent nothing
    found = bursts_of(stream_of, lost, np.full(240, VOICE, np.int64), 4)
    for number in range(4):
        own = lost[stream_of == number].tolist()
        inside = burst_rows(own)
        runs = [place in inside for place in range(len(own))]
        assert found.bursts[number] == sum(1 for burst, _ in groupby(runs) if burst)
        assert found.gaps[number] == sum(1 for burst, _ in groupby(runs) if not burst)
        assert found.burst_packets[number] == len(inside)
        assert found.burst_lost[number] == sum(own[place] for place in inside)
        assert found.gap_lost[number] == sum(own) - found.burst_lost[number]
        longest = max((len(list(run)) for burst, run in groupby(runs) if burst), default=0)
        assert found.longest_ns[number] == longest * VOICE


def test_a_burst_needs_two_losses_less_than_16_received_packets_apart() -> None:
    for between, bursts in ((15, 1), (16, 0)):
        assert bursts_of(*one_stream("0" + "1" * between + "0"), 1).bursts[0] == bursts
    all_lost = bursts_of(*one_stream("000"), 1)
    assert (all_lost.bursts[0], all_lost.gaps[0]) == (1, 0)
    nothing = bursts_of(*one_stream(""), 0)
    assert burst_figures(nothing).mean_ms is None


def test_a_second_is_severely_concealed_from_the_third_packet_of_20_ms_on() -> None:
    """50 ms are 5 % of a second: two packets are 40 ms of it, three are 60."""
    lost = np.zeros(200, bool)
    lost[[10, 60, 61, 110, 111, 112]] = True  # in the first second one, then two, then three
    due_ns = START + VOICE * np.arange(200, dtype=np.int64)
    lasts_ns = np.full(200, VOICE, np.int64)
    found = concealment_of(np.zeros(200, np.int64), due_ns, lost, lasts_ns, 1)
    assert (found.seconds[0], found.concealed[0], found.severe[0]) == (4, 3, 1)
    assert found.concealed_ns[0] == 6 * VOICE
    figures = concealment_figures(found)
    assert (figures.concealed_percent, figures.severely_concealed_percent) == (75.0, 25.0)


def test_seconds_are_those_of_each_stream_and_a_pause_has_none() -> None:
    due_ns = START + np.array([0, 400, 5_400, 300, 1_200], np.int64) * MS
    streams = np.array([0, 0, 0, 1, 1], np.int64)
    found = concealment_of(streams, due_ns, np.array([0, 1, 1, 0, 1], bool), np.full(5, VOICE), 2)
    assert found.seconds.tolist() == [2, 1]
    assert found.concealed.tolist() == [2, 1]


@pytest.mark.parametrize(("rating", "score"), [(90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58)])
def test_scores_of_ratings_are_those_of_table_b1(rating: float, score: float) -> None:
    """ITU-T G.107, table B.1: lower limits of R, and of MOS, which the table has for 80 rounded up from 4.024."""
    assert float(mos(values(rating))[0]) == pytest.approx(score, abs=0.0061)


def test_scores_end_at_1_and_at_4_and_a_half() -> None:
    assert mos(values(-20, 0, 3, 100, 120)).tolist() == [1, 1, 1, 4.5, 4.5]


def test_an_undisturbed_narrowband_call_has_the_default_rating_and_score() -> None:
    """R 93.2 and MOS 4.41 (ITU-T G.107, default values)."""
    rating = narrowband_r(values(0), values(1), values(0))
    assert rating[0] == pytest.approx(93.2)
    assert round(float(mos(rating)[0]), 2) == 4.41


def test_loss_and_delay_take_what_the_standard_says_from_a_narrowband_rating() -> None:
    """Of G.711 with concealment 95 Ppl / (Ppl / BurstR + 25.1): 95 · 5 / 30.1 at random, 95 · 5 / 27.6 in twos."""
    taken = 93.2 - narrowband_r(values(5, 5, 0), values(1, 2, 1), values(0, 0, 200))
    assert taken == pytest.approx([95 * 5 / 30.1, 95 * 5 / 27.6, 0.024 * 200 + 0.11 * 22.7])


def test_fullband_ratings_are_those_of_rtpengine() -> None:
    """Its function for fullband media, by hand: 137.8 without loss; half of 121.8 less at 4.3 %; the delay term at
    200 ms, one octave above 100, is 37 · (2^(1/6) − 3 · (1 + 3^−6)^(1/6) + 2)."""
    found = fullband_r(values(0, 4.3, 0), values(100, 20, 200))
    late = 37 * (2 ** (1 / 6) - 3 * (1 + 3**-6) ** (1 / 6) + 2)
    assert found == pytest.approx([137.8, 137.8 - 60.9, 137.8 - late])
    assert late == pytest.approx(4.505, abs=0.01)


def test_losses_in_a_row_make_the_ratio_of_bursts() -> None:
    """10 of 100 in two runs of five: 5 · 0.9; one by one no less than 1; without loss 1."""
    assert burst_ratio(values(10, 10, 0), values(2, 10, 0), values(100, 100, 100)) == pytest.approx([4.5, 1, 1])


def quality(lost: list[int], count: int = 200, delay_ns: int = 30 * MS) -> Quality:
    rows = sent(0xABCD0001, count)
    media = recording([stream()], [rows], [received(np.delete(rows, lost), delay_ns)])
    matched = match(media)
    return quality_of(matched, fates(matched.packets, START + 60 * S), {"voice": VOICE})


def test_a_stream_has_its_loss_its_runs_and_its_mean_delay() -> None:
    found = quality([10, 11, 12, 50]).loss
    assert (found.packets[0], found.lost[0], found.runs[0]) == (200, 4, 2)
    assert (found.packet_ns[0], found.delay_ns[0]) == (VOICE, 30 * MS)


def test_the_same_loss_in_a_row_rates_worse_for_narrowband_and_no_different_for_fullband() -> None:
    apart, together = (speech_quality(quality(lost)) for lost in ([20, 60, 100, 140], [20, 21, 22, 23]))
    assert apart.narrowband_r.min is not None
    assert together.narrowband_r.min is not None
    assert together.narrowband_r.min < apart.narrowband_r.min
    assert together.fullband_r == apart.fullband_r
    assert apart.fullband_r.min == pytest.approx(137.8 - 121.8 * 2 / 6.3, abs=0.001)
    assert apart.fullband_mos.min == pytest.approx(
        float(mos(fullband_r(values(2), values(30)) / FULLBAND_SCALE)[0]), abs=0.001
    )


def test_nothing_sent_has_no_rating() -> None:
    found = speech_quality(quality([5]).of_streams(np.array([False])))
    assert (found.narrowband_r.p50, found.fullband_mos.min) == (None, None)
