"""Ask the kernel to wake this thread on time."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

_PR_SET_TIMERSLACK = 29


class RealtimePriority(IntEnum):
    """SCHED_FIFO priorities: under a burst the emulated world may fall behind, its clockwork may not."""

    PROCESSING = 1
    """Switches, relays, listeners: what has no time of its own."""
    SOURCE = 2
    """Media and probes that are due, faults that are planned."""
    LINK = 3
    """Emulated links, on which every delay rests."""


def set_realtime_priority(urgency: RealtimePriority = RealtimePriority.PROCESSING) -> bool:
    """Timer slack of 1 ns and SCHED_FIFO for the calling thread; whether SCHED_FIFO was granted.

    An ordinary user is refused it; the thread then runs without. What the thread starts does not inherit it.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    return set_thread_priority(0, urgency)


@contextmanager
def realtime_priority(urgency: RealtimePriority) -> Iterator[None]:
    """What the calling thread does meanwhile is to be on time; before and after, it is one among others."""
    set_realtime_priority(urgency)
    try:
        yield
    finally:
        clear_realtime_priority()


def clear_realtime_priority() -> None:
    """The calling thread is one among others again."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def set_thread_priority(thread: int, urgency: RealtimePriority = RealtimePriority.PROCESSING) -> bool:
    """SCHED_FIFO for a thread, 0 for the calling one; whether it was granted."""
    try:
        os.sched_setscheduler(thread, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(urgency))
    except PermissionError:
        return False
    return True
