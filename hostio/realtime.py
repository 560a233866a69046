"""Scheduling (sched(7)): real-time priority and timer slack (prctl(2)) of threads, and the weight of a session."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path

_PR_SET_TIMERSLACK = 29
_SESSION_NICENESS = -15


class RealtimePriority(IntEnum):
    """Real-time priorities. Under a burst relays may fall behind, as real ones would; links and sources may not."""

    PROCESSING = 1
    """Switches, relays, receivers: they react to packets."""
    SOURCE = 2
    """Senders of media and probes, and faults: each acts at a planned time."""
    LINK = 3
    """Emulated links: every measured delay depends on them."""
    SENSOR = 4
    """Sensors of the cores: above all else of a run, so that they see only what comes from outside."""


def set_realtime_priority(urgency: RealtimePriority = RealtimePriority.PROCESSING) -> bool:
    """Timer slack of 1 ns and SCHED_FIFO for the calling thread; whether SCHED_FIFO was granted.

    Without CAP_SYS_NICE it is refused, and the thread goes on without. Threads and processes started later do not
    inherit it (SCHED_RESET_ON_FORK).
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    return set_thread_priority(0, urgency)


@contextmanager
def realtime_priority(urgency: RealtimePriority) -> Iterator[None]:
    """Real-time priority for the calling thread inside the block, SCHED_OTHER afterwards."""
    set_realtime_priority(urgency)
    try:
        yield
    finally:
        clear_realtime_priority()


def clear_realtime_priority() -> None:
    """SCHED_OTHER for the calling thread."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def set_thread_priority(thread: int, urgency: RealtimePriority = RealtimePriority.PROCESSING) -> bool:
    """SCHED_FIFO for a thread, 0 for the calling one; whether it was granted."""
    try:
        os.sched_setscheduler(thread, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(urgency))
    except PermissionError:
        return False
    return True


def set_program_priority(pid: int, urgency: RealtimePriority = RealtimePriority.PROCESSING) -> bool:
    """SCHED_RR for a process that was just started, and for all threads that it will start; whether it was granted.

    In turns, unlike SCHED_FIFO: nothing is known of how its threads share a core.
    """
    try:
        os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(urgency))
    except PermissionError:
        return False
    return True


def favour_session(pid: int) -> bool:
    """Give threads without real-time priority of a process's session more weight than other sessions have; whether it
    was granted.

    Where the kernel groups them (autogroup, sched(7)), a session with many such threads has the share of one with a
    single busy loop, whatever the niceness of either. Refused without privilege, and where there are no autogroups.
    """
    try:
        Path(f"/proc/{pid}/autogroup").write_text(str(_SESSION_NICENESS))
    except OSError:
        return False
    return True
