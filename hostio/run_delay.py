"""For how long threads were ready to run and waited for a core: `run_delay` in /proc/PID/task/TID/schedstat.

See Documentation/scheduler/sched-stats.rst of the kernel. Parsers are pure; readers call them. Plain files, because the
monitor reads them once a second (`hostio.procfs.read_own_time_ns`).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from typing import NamedTuple

_PR_SET_NAME = 15
_RESET_ON_FORK = os.SCHED_RESET_ON_FORK
_ORDINARY = (os.SCHED_OTHER, os.SCHED_BATCH, os.SCHED_IDLE)


class SchedStat(NamedTuple):
    """Of a thread since its start: ns on a core, ns waiting for one, and how often it was given one."""

    run_ns: int
    delay_ns: int
    slices: int


class ThreadDelay(NamedTuple):
    """A thread's wait for a core since its start. `ordinary`: it has no real-time priority now."""

    thread: int
    delay_ns: int
    ordinary: bool


def sched_stat(text: str) -> SchedStat:
    """From /proc/PID/task/TID/schedstat."""
    return SchedStat(*map(int, text.split()[:3]))


def run_delay_told() -> bool:
    """Whether this kernel counts it. Without CONFIG_SCHED_INFO the file is missing, or all in it is 0."""
    stat = _read("/proc/thread-self/schedstat")
    return stat is not None and sched_stat(stat).slices > 0


def thread_delays(pid: str) -> Iterator[ThreadDelay]:
    """Every thread of a process; none if it has ended."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - see above
    except (FileNotFoundError, ProcessLookupError):
        return
    for thread in threads:
        stat = _read(f"/proc/{pid}/task/{thread}/schedstat")
        if stat is not None and (policy := _policy(int(thread))) is not None:
            yield ThreadDelay(int(thread), sched_stat(stat).delay_ns, policy in _ORDINARY)


def _policy(thread: int) -> int | None:
    """Scheduling policy; None if the thread has ended."""
    try:
        return os.sched_getscheduler(thread) & ~_RESET_ON_FORK
    except ProcessLookupError:
        return None


def process_name(pid: str) -> str:
    """Name of a process as ps shows it, at most 15 characters; empty if it has ended."""
    return (_read(f"/proc/{pid}/comm") or "").rstrip("\n")


def set_process_name(name: str) -> None:
    """Give this process, in its main thread, the name by which it is found: at most 15 characters (PR_SET_NAME)."""
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode())


def network_of(pid: str | int) -> int:
    """Inode number of a process's network namespace, which identifies it; 0 if the process has ended."""
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino  # noqa: PTH116 - see above
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0


def _read(path: str) -> str | None:
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - see above
            return file.read().decode("latin1")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
