"""A histogram of durations, filled by compiled loops and by Python threads: int64[HISTOGRAM_WORDS].

Counts lie in the buckets of an HDR histogram (hdrhistogram.org) with a unit of 1 ns and two significant digits: below
256 ns each value has a bucket of its own; above, each octave has 128 of equal width, so a value is known to 1/128. Two
words follow the counts: the total of all durations and the longest, both exact. A histogram has one writer at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hostio.compiled import compiled

Histogram = npt.NDArray[np.int64]

SUB_BUCKETS = 256
OCTAVES = 33
LONGEST_NS = (SUB_BUCKETS << OCTAVES - 1) - 1
"""18 minutes: what is longer is counted in the last bucket."""

_HALF_BITS = 7
"""Only the upper half of an octave's sub-buckets is its own; the lower half are those of the octave below."""

COUNTS = (OCTAVES + 1) << _HALF_BITS
TOTAL = COUNTS
LONGEST = COUNTS + 1
HISTOGRAM_WORDS = COUNTS + 2


def new_histogram() -> Histogram:
    """An empty histogram."""
    return np.zeros(HISTOGRAM_WORDS, np.int64)


@compiled
def count_duration(histogram: Any, duration_ns: int) -> None:
    """Count one duration of 0 ns or more."""
    value = min(duration_ns, LONGEST_NS)
    octave = 0
    while value >> octave >= SUB_BUCKETS:
        octave += 1
    histogram[(octave << _HALF_BITS) + (value >> octave)] += 1
    histogram[TOTAL] += duration_ns
    histogram[LONGEST] = max(histogram[LONGEST], duration_ns)
