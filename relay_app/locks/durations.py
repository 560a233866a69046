"""Reads the histograms of durations."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from relay_app.locks.lock_loops import BUCKETS, LONGEST, TOTAL, Array, middle_of, new_histogram
from relay_app.locks.report import Durations


def merged(histograms: Iterable[Array]) -> Array:
    """All of them as one."""
    result = new_histogram()
    for histogram in histograms:
        result[:LONGEST] += histogram[:LONGEST]
        result[LONGEST] = max(result[LONGEST], histogram[LONGEST])
    return result


def durations_of(histogram: Array) -> Durations:
    """A histogram's count, quantiles, longest and total."""
    counts = histogram[:BUCKETS]
    p50_ns, p99_ns = (_quantile(counts, share, int(histogram[LONGEST])) for share in (0.5, 0.99))
    return Durations(int(counts.sum()), p50_ns, p99_ns, int(histogram[LONGEST]), int(histogram[TOTAL]))


def _quantile(counts: Array, share: float, longest_ns: int) -> int:
    """The smallest bucket that this share of the durations does not exceed."""
    reached = np.cumsum(counts)
    if not reached[-1]:
        return 0
    return min(middle_of(int(np.searchsorted(reached, share * reached[-1]))), longest_ns)
