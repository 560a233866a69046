"""Figures of histograms of durations. The only importer of HdrHistogram."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from hdrh.histogram import HdrHistogram

from hostio.histogram_compiled import COUNTS, LONGEST, LONGEST_NS, Histogram, new_histogram
from hostio.lateness import Lateness
from hostio.lateness_compiled import LatenessRows

_UNIT_NS = 1
_DIGITS = 2
_SHARES = (0.5, 0.99, 0.999, 1.0)
_NS_PER_MS = 1e6

_LAYOUT = HdrHistogram(_UNIT_NS, LONGEST_NS, _DIGITS)
"""Stays empty: asked only which values a bucket stands for."""


def lateness_of(lateness: LatenessRows) -> Lateness:
    """The figures of LATENESS[1]."""
    histogram = lateness["histogram"][0]
    p50, p99, p99_9, most = (round(value / _NS_PER_MS, 4) for value in quantiles(histogram, _SHARES))
    return Lateness(count_of(histogram), p50, p99, p99_9, most, _encoded(histogram))


def count_of(histogram: Histogram) -> int:
    """How many durations were counted."""
    return int(histogram[:COUNTS].sum())


def quantiles(histogram: Histogram, shares: Sequence[float]) -> list[int]:
    """For each share the least duration, ns, that this share of all does not exceed; 0 if nothing was counted.

    It is the upper edge of that duration's bucket, and at most the longest duration. The library's own query walks its
    buckets in Python, 0.6 ms a time; a relay asks some twenty histograms each second while it forwards packets.
    """
    reached = np.cumsum(histogram[:COUNTS])
    if not reached[-1]:
        return [0 for _ in shares]
    wanted = [max(1, round(share * int(reached[-1]))) for share in shares]
    return [min(_upper_edge_ns(int(at)), int(histogram[LONGEST])) for at in np.searchsorted(reached, wanted)]


def _upper_edge_ns(bucket: int) -> int:
    return int(_LAYOUT.get_highest_equivalent_value(_LAYOUT.get_value_from_index(bucket)))


def merged(histograms: Iterable[Histogram]) -> Histogram:
    """All of them as one."""
    result = new_histogram()
    for histogram in histograms:
        longest = max(result[LONGEST], histogram[LONGEST])
        result += histogram
        result[LONGEST] = longest
    return result


def _encoded(histogram: Histogram) -> str:
    library = HdrHistogram(_UNIT_NS, LONGEST_NS, _DIGITS)
    for index in np.flatnonzero(histogram[:COUNTS]):
        library.record_value(library.get_value_from_index(int(index)), int(histogram[index]))
    return str(library.encode().decode())
