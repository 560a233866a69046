"""Bounds of the figures of frames of video. Pure; times in ns, results in the metrics' units.

A frame is lost with any of its packets, so that no more frames than packets can have had another fate. A freeze is a
gap in the arrivals of frames, which hold-ups lengthen and shorten as they do silences.
"""

from __future__ import annotations

import numpy as np

from results.bounds.chains import Silent, waits_in
from results.bounds.effects import NOISE_NS, Effects
from results.bounds.interval import Interval, exactly, finite
from results.bounds.media import length_bounds
from results.bounds.packets import Shift
from results.bounds.silences import BoundedSilences
from results.bounds.times import Quantiles
from results.metrics.analysis import Analysis, Evidence
from results.metrics.figures import FrameFigures
from results.metrics.frames import LONGER, Freezes
from results.metrics.interruptions import INTERRUPTION_INTERVALS
from results.metrics.matching import Ints

_INF = float("inf")
_MS = 1e6


def bounded_freezes(evidence: Evidence, analysis: Analysis, effects: Effects) -> BoundedSilences:
    """Every freeze, and every other gap between frames that without the machine's doings can have been one.

    A frame more or less at either end is always left to chance: its packets are sent one by one, and any of them can
    have met the edge of a fault, or the end of a queue.
    """
    gaps = analysis.frames.freezes
    chance = np.ones(len(gaps.stream), dtype=bool)
    late_ns = effects.held.on_way(gaps.due_ns, gaps.from_ns)
    known_ns = effects.known_until(gaps.from_ns, gaps.until_ns)
    waits_ns = waits_in(evidence, analysis, effects.held, Silent(gaps.stream, gaps.from_ns, known_ns, gaps.path))
    least_ns = effects.shortest(gaps.from_ns, gaps.until_ns, gaps.interval_ns, waits_ns, chance)
    most_ns = effects.longest(gaps.from_ns, gaps.until_ns, gaps.interval_ns, late_ns, chance)
    if effects.locks:
        most_ns = np.full(len(most_ns), _INF)
    unsure_ns = _of_the_average(gaps, effects)
    certain = gaps.counted & (least_ns >= gaps.shortest_ns + unsure_ns)
    possible = gaps.counted | (most_ns >= gaps.shortest_ns - unsure_ns)
    # What counts as one is its own length here, not that of a silence.
    lengths_ns = (gaps.shortest_ns / INTERRUPTION_INTERVALS).astype(np.int64)
    still = gaps.still & gaps.counted
    return BoundedSilences(
        gaps.stream, gaps.from_ns, gaps.until_ns, lengths_ns, least_ns, most_ns, certain, still
    ).chosen(possible)


def _of_the_average(gaps: Freezes, effects: Effects) -> Ints:
    """By how much the length from which on a gap is a freeze can have been another: the average is taken from its first
    frame to its last, and each can have come earlier."""
    late_ns = effects.held.on_way(gaps.due_ns, gaps.from_ns)
    late_ns += effects.held.on_way(gaps.averaged_due_ns, gaps.averaged_from_ns)
    found: Ints = LONGER * (late_ns + 2 * NOISE_NS + gaps.interval_ns) // gaps.averaged
    return found


def frame_bounds(
    figures: FrameFigures, freezes: BoundedSilences, effects: Effects, shift: Shift, more: Quantiles = ()
) -> dict[str, Interval]:
    """Bounds of the numbers of `frames` in `media`, by their names there, and of `more` quantiles."""
    known = effects.doubt is None
    certain = freezes.counted
    bounds = {
        "sent": exactly(figures.sent),
        "key_sent": exactly(figures.key_sent),
        "whole": _some_of(figures.sent, figures.whole, shift.either, shift.either),
        "lost": _some_of(figures.sent, figures.lost, shift.fewer, shift.more),
        "key_lost": _some_of(figures.key_sent, figures.key_lost, shift.fewer, shift.more),
        "freezes": finite(int(freezes.joined(effects).counted.sum()), len(freezes.stream) if known else _INF),
        "frozen_ms": finite(
            float(freezes.least_ns[certain].sum()) / _MS, float(freezes.most_ns.sum()) / _MS if known else _INF
        ),
        **{f"freeze_ms.{name}": each for name, each in length_bounds(freezes, effects, more).items()},
    }
    if not figures.sent and not len(freezes.stream):
        bounds = dict.fromkeys(bounds, exactly(0))  # no video: nothing that can be doubted
    return {f"frames.{name}": each for name, each in bounds.items()}


def _some_of(every: int, count: int, fewer: float, more: float) -> Interval:
    """Bounds of how many of some frames there are."""
    return finite(max(0.0, count - fewer), min(float(every), count + more))
