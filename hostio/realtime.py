"""Ask the kernel to wake this thread on time."""

from __future__ import annotations

import ctypes
import os

_PR_SET_TIMERSLACK = 29


def prefer_punctuality(priority: int = 1) -> bool:
    """Timer slack of 1 ns and SCHED_FIFO for the calling thread; whether SCHED_FIFO was granted.

    An ordinary user is refused it; the thread then runs without. What the thread starts does not inherit it.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    return make_punctual(0, priority)


def make_punctual(thread: int, priority: int = 1) -> bool:
    """SCHED_FIFO for a thread, 0 for the calling one; whether it was granted."""
    try:
        os.sched_setscheduler(thread, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
    except PermissionError:
        return False
    return True
