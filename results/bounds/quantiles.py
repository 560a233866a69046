"""Bounds of quantiles of values that are known by bounds only, and of sets whose members are not all certain. Pure."""

from __future__ import annotations

import numpy as np

from results.bounds.interval import UNBOUNDED, Interval, finite
from results.metrics.matching import Flags
from results.metrics.streams import Floats

_TRIED = 65
"""How many sizes of the uncertain part are tried at most: each costs a pass over all values."""


def quantile_between(low: Floats, high: Floats, share: float, missing: float = 0.0) -> Interval:
    """Bounds of a quantile. `missing`: share of the values that may not belong to the set, or be missing from it."""
    if not len(low):
        return UNBOUNDED
    least = float(np.quantile(low, max(0.0, share - missing)))
    return finite(least, float(np.quantile(high, min(1.0, share + missing))))


def quantile_of_some(low: Floats, high: Floats, certain: Flags, share: float) -> Interval:
    """Bounds of a quantile of a set that has the `certain` values, and any of the others; 0 if it can be empty.

    It is least with some of the least of the others, and largest with some of the largest of them.
    """
    least = min(_with_some(low[certain], np.sort(low[~certain]), share), default=0.0)
    most = max(_with_some(high[certain], np.sort(high[~certain])[::-1], share), default=0.0)
    return finite(least if certain.any() else 0.0, most)


def _with_some(certain: Floats, others: Floats, share: float) -> list[float]:
    """The quantile with the first k of the others, for many k."""
    sizes = np.unique(np.linspace(0, len(others), _TRIED).round().astype(int))
    sets = (np.concatenate([certain, others[:size]]) for size in sizes.tolist())
    return [_quantile(values, share) for values in sets if len(values)]


def _quantile(values: Floats, share: float) -> float:
    # Interpolation between a finite and an infinite neighbour gives nan, which is here as good as infinite.
    with np.errstate(invalid="ignore"):
        found = float(np.quantile(values, share))
    return float("inf") if np.isnan(found) else found
