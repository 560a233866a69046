"""What a process uses, from /proc/PID (proc(5)): processor time, memory, threads, descriptors, context switches.

Parsers are pure; readers call them. Plain files, because the monitor reads them once a second
(`hostio.procfs.read_own_time_ns`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from hostio.timing import S

_TICK_NS = S // os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_UTIME, _STIME, _THREADS, _RSS = 11, 12, 17, 21
"""Fields of /proc/PID/stat, counted from the one after the name."""

_VOLUNTARY, _INVOLUNTARY = "voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"


class ProcessStat(NamedTuple):
    """Of a process: processor time since its start, without that of its children; resident memory; threads."""

    user_ns: int
    system_ns: int
    resident_bytes: int
    threads: int


class Switches(NamedTuple):
    """Context switches of a thread since its start: because it waited, and because it was preempted."""

    voluntary: int
    involuntary: int


def parse_process_stat(stat: str) -> ProcessStat:
    """From /proc/PID/stat. The name in its second field may hold blanks and parentheses; nothing after it does."""
    fields = stat.rpartition(")")[2].split()
    user_ns, system_ns = (int(fields[each]) * _TICK_NS for each in (_UTIME, _STIME))
    return ProcessStat(user_ns, system_ns, int(fields[_RSS]) * _PAGE_BYTES, int(fields[_THREADS]))


def parse_switches(status: str) -> Switches:
    """From /proc/PID/task/TID/status."""
    values = dict(line.split(maxsplit=1) for line in status.splitlines() if "ctxt_switches:" in line)
    return Switches(int(values[_VOLUNTARY]), int(values[_INVOLUNTARY]))


def process_stat(pid: str) -> ProcessStat | None:
    """Of a process; None if it has ended."""
    stat = read_proc(f"/proc/{pid}/stat")
    return parse_process_stat(stat) if stat else None


def thread_switches(pid: str) -> Iterator[tuple[int, Switches]]:
    """Every thread of a process, by its number; none if it has ended."""
    for thread in thread_ids(pid):
        if status := read_proc(f"/proc/{pid}/task/{thread}/status"):
            yield thread, parse_switches(status)


def thread_ids(pid: str) -> list[int]:
    """The numbers of a process's threads; none if it has ended."""
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]  # noqa: PTH208 - see above
    except (FileNotFoundError, ProcessLookupError):
        return []


def open_descriptors(pid: str) -> int:
    """How many descriptors a process has open; 0 if it has ended, or this is refused.

    The size of the folder is their number since Linux 6.2; before, it is 0.
    """
    folder = f"/proc/{pid}/fd"
    try:
        return os.stat(folder).st_size or len(os.listdir(folder))  # noqa: PTH116, PTH208 - see above
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0


def read_proc(path: str) -> str:
    """The text of a file of a process or thread; empty if that has ended, or the reading is refused."""
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - see above
            return file.read().decode("latin1")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""
