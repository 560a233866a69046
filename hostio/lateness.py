"""Counts how late timed wake-ups are, in the log-linear buckets of an HDR histogram, from compiled loops.

A wake-up is late by the time from its deadline until its thread runs. Only a thread that slept counts: what comes late
to it is the machine's doing. One that had no time to sleep, because of its own work or of a lock, is not counted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hostio.compiled import compiled, monotonic_ns, sleep_until, wait_readable

UNIT_BITS = 9
"""Below 2^17 ns buckets are 2^9 ns wide; from there on, 1/128 of their value or less."""
SUB_BUCKETS = 256
BUCKETS = 20
LONGEST_NS = (SUB_BUCKETS << (UNIT_BITS + BUCKETS - 1)) - 1
"""69 s; what is later counts as this."""

_HALF_BITS = 7
COUNTS = (BUCKETS + 1) << _HALF_BITS

Counts = npt.NDArray[np.int64]


def no_counts() -> Counts:
    """Nothing counted yet: int64[COUNTS]."""
    return np.zeros(COUNTS, np.int64)


@compiled
def count_late(counts: Any, late_ns: int) -> None:
    """Count one wake-up; what came early was on time."""
    value = min(max(late_ns, 0), LONGEST_NS)
    bucket = 0
    while value >> (UNIT_BITS + bucket) >= SUB_BUCKETS:
        bucket += 1
    counts[(bucket << _HALF_BITS) + (value >> (UNIT_BITS + bucket))] += 1


@compiled
def sleep_counted(deadline_ns: int, timespec: Any, counts: Any) -> None:
    """Sleep until an absolute CLOCK_MONOTONIC time, ns, and count the wake-up; a time that has passed is none."""
    if monotonic_ns(timespec) < deadline_ns:
        sleep_until(deadline_ns, timespec)
        count_late(counts, monotonic_ns(timespec) - deadline_ns)


@compiled
def wait_counted(descriptors: Any, count: int, timeout_ns: int, timespec: Any, counts: Any) -> int:
    """As `wait_readable`; counts the wake-up if it was the timeout's."""
    deadline_ns = monotonic_ns(timespec) + timeout_ns
    ready = wait_readable(descriptors, count, timeout_ns, timespec)
    if ready == 0 and timeout_ns > 0:
        count_late(counts, monotonic_ns(timespec) - deadline_ns)
    return ready
