"""What this machine has left for programs: memory, tasks (processes and threads), descriptors."""

from __future__ import annotations

import os
import re
import resource
from pathlib import Path
from typing import NamedTuple

_CONTROL_GROUP = Path("/sys/fs/cgroup")
"""As a container sees that of its own, version 2."""

_AVAILABLE = re.compile(r"^MemAvailable:\s+(\d+) kB$", re.MULTILINE)
_TASKS = re.compile(r"\d+/(\d+)")


class Means(NamedTuple):
    """`memory_bytes`; `tasks`: processes and threads; `descriptors`: of one process."""

    memory_bytes: int
    tasks: int
    descriptors: int


def means_left() -> Means:
    """What programs that are started now can have at most: what is free, and what limits allow."""
    memory, tasks = available_bytes(Path("/proc/meminfo").read_text()), _tasks_left()
    limited = (_left_in_group("memory"), _left_in_group("pids"))
    return Means(min(memory, limited[0] or memory), min(tasks, limited[1] or tasks), descriptors_allowed())


def available_bytes(meminfo: str) -> int:
    """Memory that can be had without swapping, from /proc/meminfo; ValueError if it does not say."""
    found = _AVAILABLE.search(meminfo)
    if not found:
        raise ValueError("/proc/meminfo has no MemAvailable")
    return int(found[1]) * 1024


def tasks_of(loadavg: str) -> int:
    """The tasks that there are, from /proc/loadavg; ValueError if it does not say."""
    found = _TASKS.search(loadavg)
    if not found:
        raise ValueError("/proc/loadavg has no number of tasks")
    return int(found[1])


def _tasks_left() -> int:
    limits = [int(Path(f"/proc/sys/kernel/{name}").read_text()) for name in ("pid_max", "threads-max")]
    left = min(limits) - tasks_of(Path("/proc/loadavg").read_text())
    most = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    # Of root the kernel limits none, whatever this limit says.
    return left if os.geteuid() == 0 or most == resource.RLIM_INFINITY else min(left, most)


def _left_in_group(controller: str) -> int | None:
    """What the control group leaves of a resource; None where it has no limit, or there is no group to be seen."""
    try:
        most, used = ((_CONTROL_GROUP / f"{controller}.{file}").read_text().strip() for file in ("max", "current"))
    except OSError:
        return None
    return None if most == "max" else max(0, int(most) - int(used))


def descriptors_allowed() -> int:
    """How many descriptors a process can have: RLIMIT_NOFILE, the hard one."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return _unlimited_descriptors() if most == resource.RLIM_INFINITY else most


def _unlimited_descriptors() -> int:
    return int(Path("/proc/sys/fs/nr_open").read_text())


def allow_descriptors(count: int) -> None:
    """Let this process, and those that it starts, have so many descriptors, or as many as it may.

    Not more than needed: programs that close all that they could have would take long.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(count, descriptors_allowed())
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
