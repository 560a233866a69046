"""Counts how late timed wake-ups are, from compiled loops.

A wake-up is late by the time from its deadline until its thread runs. Only a thread that slept is counted: then the
lateness is the machine's. A thread that had no time to sleep, because of its own work or of a lock, is not counted.
What is late by HOLD_UP_NS or more is also noted with its time: the thread was held up then.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hostio.compiled import compiled, monotonic_ns, sleep_until, wait_readable
from hostio.histogram_compiled import HISTOGRAM_WORDS, count_duration
from hostio.lateness import HOLD_UP_NS, Spans

HOLD_UPS_NOTED = 4096

LATENESS = np.dtype(
    [
        ("from_ns", "<i8"),
        ("until_ns", "<i8"),
        ("histogram", "<i8", (HISTOGRAM_WORDS,)),
        ("noted", "<i8"),
        ("hold_ups", "<i8", (HOLD_UPS_NOTED, 2)),
    ]
)
"""What was late between two CLOCK_MONOTONIC times: the control side writes the times, the loop the rest. The first
`noted` rows of `hold_ups` are hold-ups, from and until, in order and disjoint."""

LatenessRows = npt.NDArray[np.void]


def empty_lateness() -> LatenessRows:
    """LATENESS[1] that counts nothing yet."""
    return np.zeros(1, LATENESS)


def watch(lateness: LatenessRows, from_ns: int, until_ns: int) -> None:
    """Count deadlines in from_ns ≤ t < until_ns; of an earlier deadline, the part of its lateness after `from_ns`."""
    lateness["from_ns"], lateness["until_ns"] = from_ns, until_ns


def hold_ups_of(lateness: LatenessRows) -> Spans:
    """The hold-ups in LATENESS[1]."""
    row = lateness[0]
    return tuple((from_ns, until_ns) for from_ns, until_ns in row["hold_ups"][: row["noted"]].tolist())


@compiled
def count_late(lateness: Any, deadline_ns: int, now_ns: int) -> None:
    """Count one wake-up, and note it if it was held up; one that came early counts as 0 ns late."""
    row = lateness[0]
    if row.from_ns <= now_ns and deadline_ns < row.until_ns:
        late_ns = max(now_ns - max(deadline_ns, row.from_ns), 0)
        count_duration(row.histogram, late_ns)
        if late_ns >= HOLD_UP_NS:
            note_hold_up(row, now_ns - late_ns, now_ns)


@compiled
def note_hold_up(row: Any, from_ns: int, until_ns: int) -> None:
    """Note a hold-up in LATENESS that ended now, as one with those that it touches.

    When there is no room, the last row is extended over it: a time is then said to be held up that was not, and none
    that was is lost.
    """
    last = row.noted - 1
    if last + 1 < HOLD_UPS_NOTED and (last < 0 or from_ns > row.hold_ups[last, 1]):
        row.hold_ups[last + 1, 0] = from_ns
        row.hold_ups[last + 1, 1] = until_ns
        row.noted += 1
        return
    row.hold_ups[last, 0] = min(row.hold_ups[last, 0], from_ns)
    row.hold_ups[last, 1] = max(row.hold_ups[last, 1], until_ns)
    while last > 0 and row.hold_ups[last, 0] <= row.hold_ups[last - 1, 1]:
        row.hold_ups[last - 1, 0] = min(row.hold_ups[last - 1, 0], row.hold_ups[last, 0])
        row.hold_ups[last - 1, 1] = row.hold_ups[last, 1]
        last -= 1
        row.noted = last + 1


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
