"""Bounds of the figures of streams that were given up for want of consent. Pure; results in the metrics' units."""

from __future__ import annotations

import numpy as np

from results.bounds.effects import Effects
from results.bounds.interval import UNBOUNDED, Interval, around, exactly
from results.metrics.analysis import Analysis, Evidence
from results.metrics.figures import Media
from results.run_files.plan import Plan

_MS = 1e6


def absence_bounds(evidence: Evidence, analysis: Analysis, figures: Media, effects: Effects) -> dict[str, Interval]:
    """Bounds of the numbers of streams given up, by their names in `media`."""
    return {
        "gave_up": _count(analysis, figures.gave_up, effects, _spare_ns(evidence.plan)),
        "longest_given_up_ms": _longest(evidence.plan, analysis, figures.longest_given_up_ms, effects),
    }


def _spare_ns(plan: Plan) -> int:
    """For how long at least a client that has just been answered can be held up without the next answer being late."""
    consents = [group.consent for group in plan.sessions if group.consent]
    return min((each.expires_ns - each.latest_check_ns for each in consents), default=0)


def _count(analysis: Analysis, value: int | None, effects: Effects, spare_ns: int) -> Interval:
    """Whether a check falls before the edge of a fault or after it, its draw decides, which a hold-up hardly moves. One
    long enough to take consent away, or to have kept it, leaves the number unknown."""
    if value is None or effects.doubt is not None:
        return UNBOUNDED
    held_ns = effects.held.time_in(np.array([analysis.start_ns]), np.array([analysis.end_ns]))
    return exactly(value) if int(held_ns[0]) < spare_ns else UNBOUNDED


def _longest(plan: Plan, analysis: Analysis, value: float | None, effects: Effects) -> Interval:
    """What is held up can make consent expire later or earlier by as much, and cost one check more, or fewer, until the
    stream is back."""
    if value is None or effects.doubt is not None:
        return UNBOUNDED
    again_ns = max((group.consent.again_ns for group in plan.sessions if group.consent), default=0)
    held_ns = effects.held.time_in(np.array([analysis.start_ns]), np.array([analysis.end_ns]))
    return around(value, *[(int(held_ns[0]) + again_ns) / _MS] * 2)
