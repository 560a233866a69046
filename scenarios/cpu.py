"""How much of the processors' time the machine did not give: stolen by its host, if it has one."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

_STEAL = 7
_COUNTED = 8
"""Columns of /proc/stat that make up a processor's time; guest time, which follows, is in user time already."""


class CpuTimes(NamedTuple):
    """Of all processors together since boot, in clock ticks (proc(5), /proc/stat)."""

    total: int
    stolen: int


def read_cpu_times() -> CpuTimes:
    """Now."""
    return parse_cpu_times(Path("/proc/stat").read_text())


def parse_cpu_times(stat: str) -> CpuTimes:
    """The first line of /proc/stat."""
    ticks = [int(word) for word in stat.splitlines()[0].split()[1 : 1 + _COUNTED]]
    return CpuTimes(sum(ticks), ticks[_STEAL])


def stolen_percent(before: CpuTimes, after: CpuTimes) -> float:
    """Share of the time in between that was stolen."""
    total = after.total - before.total
    return 100 * (after.stolen - before.stolen) / total if total else 0.0
