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

LATENESS = np.dtype([("from_ns", "<i8"), ("until_ns", "<i8"), ("counts", "<i8", (COUNTS,))])
"""Counts of what was late between two CLOCK_MONOTONIC times: the control side writes the times, the loop the counts."""

LatenessRows = npt.NDArray[np.void]


def empty_lateness() -> LatenessRows:
    """LATENESS[1] that counts nothing yet."""
    return np.zeros(1, LATENESS)


def watch(lateness: LatenessRows, from_ns: int, until_ns: int) -> None:
    """Count what is late from then until then: deadlines in between, and what of an earlier one's lateness is in it."""
    lateness["from_ns"], lateness["until_ns"] = from_ns, until_ns


@compiled
def count_late(lateness: Any, deadline_ns: int, now_ns: int) -> None:
    """Count one wake-up; one that came early was on time."""
    row = lateness[0]
    if now_ns < row.from_ns or deadline_ns >= row.until_ns:
        return
    value = min(max(now_ns - max(deadline_ns, row.from_ns), 0), LONGEST_NS)
    bucket = 0
    while value >> (UNIT_BITS + bucket) >= SUB_BUCKETS:
        bucket += 1
    row.counts[(bucket << _HALF_BITS) + (value >> (UNIT_BITS + bucket))] += 1


@compiled
def sleep_counted(deadline_ns: int, timespec: Any, lateness: Any) -> None:
    """Sleep until an absolute CLOCK_MONOTONIC time, ns, and count the wake-up; a time that has passed is none."""
    if monotonic_ns(timespec) < deadline_ns:
        sleep_until(deadline_ns, timespec)
        count_late(lateness, deadline_ns, monotonic_ns(timespec))


@compiled
def wait_counted(descriptors: Any, count: int, timeout_ns: int, timespec: Any, lateness: Any) -> int:
    """As `wait_readable`; counts the wake-up if it was the timeout's."""
    deadline_ns = monotonic_ns(timespec) + timeout_ns
    ready = wait_readable(descriptors, count, timeout_ns, timespec)
    if ready == 0 and timeout_ns > 0:
        count_late(lateness, deadline_ns, monotonic_ns(timespec))
    return ready
