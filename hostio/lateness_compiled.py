"""Counts how late timed wake-ups are, from compiled loops.

A wake-up is late by the time from its deadline until its thread runs. Only a thread that slept is counted: then the
lateness is the machine's. A thread that had no time to sleep, because of its own work or of a lock, is not counted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hostio.compiled import compiled, monotonic_ns, sleep_until, wait_readable
from hostio.histogram_compiled import HISTOGRAM_WORDS, count_duration

LATENESS = np.dtype([("from_ns", "<i8"), ("until_ns", "<i8"), ("histogram", "<i8", (HISTOGRAM_WORDS,))])
"""What was late between two CLOCK_MONOTONIC times: the control side writes the times, the loop the histogram."""

LatenessRows = npt.NDArray[np.void]


def empty_lateness() -> LatenessRows:
    """LATENESS[1] that counts nothing yet."""
    return np.zeros(1, LATENESS)


def watch(lateness: LatenessRows, from_ns: int, until_ns: int) -> None:
    """Count deadlines in from_ns ≤ t < until_ns; of an earlier deadline, the part of its lateness after `from_ns`."""
    lateness["from_ns"], lateness["until_ns"] = from_ns, until_ns


@compiled
def count_late(lateness: Any, deadline_ns: int, now_ns: int) -> None:
    """Count one wake-up; one that came early counts as 0 ns late."""
    row = lateness[0]
    if row.from_ns <= now_ns and deadline_ns < row.until_ns:
        count_duration(row.histogram, max(now_ns - max(deadline_ns, row.from_ns), 0))


@compiled
def sleep_counted(deadline_ns: int, timespec: Any, lateness: Any) -> None:
    """Sleep until a CLOCK_MONOTONIC time, ns, and count the wake-up; return at once, uncounted, if it has passed."""
    if monotonic_ns(timespec) < deadline_ns:
        sleep_until(deadline_ns, timespec)
        count_late(lateness, deadline_ns, monotonic_ns(timespec))


@compiled
def wait_counted(descriptors: Any, count: int, timeout_ns: int, timespec: Any, lateness: Any) -> int:
    """As `wait_readable`; counts the wake-up if the timeout caused it: a packet has no deadline to be late for."""
    deadline_ns = monotonic_ns(timespec) + timeout_ns
    ready = wait_readable(descriptors, count, timeout_ns, timespec)
    if ready == 0 and timeout_ns > 0:
        count_late(lateness, deadline_ns, monotonic_ns(timespec))
    return ready
