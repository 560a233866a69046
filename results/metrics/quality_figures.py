"""The figures of bursts, concealed seconds, speech quality and client timers, of some streams. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

import numpy as np

from hostio.timing import S
from results.metrics.bursts import Bursts
from results.metrics.concealment import Concealment
from results.metrics.e_model import FULLBAND_SCALE, mos
from results.metrics.figure_types import LengthQuantiles
from results.metrics.interruptions import Interruption
from results.metrics.matching import Ints
from results.metrics.quality import Quality
from results.metrics.quality_types import (
    BurstFigures,
    ConcealmentFigures,
    Ratings,
    Scores,
    SpeechQuality,
    TimerFigures,
)
from results.metrics.relay_figures import lengths_ms
from results.metrics.streams import Floats

DROPPED_NS = 10 * S
"""Shortest interruption, in either direction, that counts as the end of a call (ITU-T E.855)."""

TIMERS_NS = MappingProxyType(
    {
        "pion_disconnected": 5 * S,
        "jitsi_inactive": 8 * S,
        "livekit_disconnected": 10 * S,
        "livekit_failed": 15 * S,
        "pion_failed": 30 * S,
        "consent_expired": 30 * S,
    }
)
"""From how long a silence on each timer of a client has run out; the names are those of `TimerFigures`."""

OF_SESSIONS = ("consent_expired",)
"""Timers of sessions; the others are of directions."""


def burst_figures(bursts: Bursts) -> BurstFigures:
    """The figures of the bursts of some streams, all together."""
    number, gaps = int(bursts.bursts.sum()), int(bursts.gaps.sum())
    return BurstFigures(
        number=number,
        mean_ms=_mean_ms(bursts.burst_ns, number),
        longest_ms=round(int(bursts.longest_ns.max(initial=0)) / 1e6, 3),
        density_percent=percent(int(bursts.burst_lost.sum()), int(bursts.burst_packets.sum())),
        gap_mean_ms=_mean_ms(bursts.gap_ns, gaps),
        gap_density_percent=percent(int(bursts.gap_lost.sum()), int(bursts.gap_packets.sum())),
    )


def concealment_figures(concealment: Concealment) -> ConcealmentFigures:
    """The figures of the seconds of some streams, all together."""
    columns = (concealment.seconds, concealment.concealed, concealment.severe)
    seconds, concealed, severe = (int(each.sum()) for each in columns)
    return ConcealmentFigures(seconds, concealed, severe, percent(concealed, seconds), percent(severe, seconds))


def speech_quality(quality: Quality) -> SpeechQuality:
    """The ratings of some streams, median and worst."""
    return quality_of_ratings(quality.narrowband_r, quality.fullband_r)


def quality_of_ratings(narrowband: Floats, fullband: Floats) -> SpeechQuality:
    """The figures of the ratings of streams; None without."""
    return SpeechQuality(
        Ratings(*_middle_and_least(narrowband)),
        Scores(*_middle_and_least(mos(narrowband))),
        Ratings(*_middle_and_least(fullband)),
        Scores(*_middle_and_least(mos(fullband / FULLBAND_SCALE))),
    )


def timer_figures(interruptions: Iterable[Interruption]) -> TimerFigures:
    """The timers that some interruptions would have let run out."""
    shortest_ns = min(TIMERS_NS.values())
    silent = [each for each in interruptions if each.length_ns >= shortest_ns]
    return TimerFigures(**{name: _tripped(silent, name, after_ns) for name, after_ns in TIMERS_NS.items()})


def dropped_calls(interruptions: Iterable[Interruption]) -> int:
    """How many sessions had an interruption that ends a call."""
    return len({each.stream.session for each in interruptions if each.length_ns >= DROPPED_NS})


def loss_derived_ns(interruptions: Iterable[Interruption], packet_ns: dict[int, float]) -> Floats:
    """The length of each interruption by the packets it lost, over the rate of its stream (RFC 6201 §1.3, RFC 6412).
    `packet_ns`: media time of a packet, by SSRC."""
    return np.array([each.packets_lost * packet_ns.get(each.stream.ssrc, 0.0) for each in interruptions], np.float64)


def loss_derived_ms(values_ns: Floats) -> LengthQuantiles:
    """Quantiles of these, ms."""
    return lengths_ms(values_ns)


def percent(part: int, whole: int) -> float | None:
    """A share of something, rounded; None of nothing."""
    return round(100 * part / whole, 4) if whole else None


def _tripped(silent: Iterable[Interruption], name: str, after_ns: int) -> int:
    long = [each.stream for each in silent if each.length_ns >= after_ns]
    return len({each.session for each in long} if name in OF_SESSIONS else {each.ssrc for each in long})


def _mean_ms(sums_ns: Ints, number: int) -> float | None:
    return round(int(sums_ns.sum()) / number / 1e6, 3) if number else None


def _middle_and_least(values: Floats) -> tuple[float | None, float | None]:
    if not len(values):
        return None, None
    return round(float(np.median(values)), 3), round(float(values.min()), 3)
