"""What counts of lateness come to. The only importer of HdrHistogram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hdrh.histogram import HdrHistogram

from hostio.lateness import LONGEST_NS, UNIT_BITS, LatenessRows

_DIGITS = 2
_QUANTILES = (50.0, 99.0, 99.9, 100.0)
_NS_PER_MS = 1e6


@dataclass(frozen=True, slots=True)
class Lateness:
    """Of `wakeups` timed wake-ups, or releases: quantiles, upper edges of buckets that are 1 % wide; 0 if there were
    none. `histogram` has all of them, ns, as HdrHistogram tools read it (V2, compressed, base64)."""

    wakeups: int
    p50_ms: float
    p99_ms: float
    p99_9_ms: float
    max_ms: float
    histogram: str


def lateness_of(lateness: LatenessRows) -> Lateness:
    """The figures of LATENESS[1]."""
    counts = lateness["counts"][0]
    histogram = HdrHistogram(1 << UNIT_BITS, LONGEST_NS, _DIGITS)
    for index in np.flatnonzero(counts):
        histogram.record_value(histogram.get_value_from_index(int(index)), int(counts[index]))
    found = histogram.get_percentile_to_value_dict(_QUANTILES) if histogram.total_count else {}
    p50, p99, p99_9, most = (round(found.get(percentile, 0) / _NS_PER_MS, 4) for percentile in _QUANTILES)
    return Lateness(histogram.total_count, p50, p99, p99_9, most, histogram.encode().decode())
