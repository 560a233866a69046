"""What the kernel tells in /proc of cores, processes, memory and network namespaces: readings, and their parsers."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from time import CLOCK_REALTIME, clock_gettime_ns, monotonic_ns
from typing import NamedTuple

from hostio.timing import S

_TICK_NS = S // os.sysconf("SC_CLK_TCK")
_CLOCK_READINGS = 5
_SOFTNET_CORE = 12
"""Column of /proc/net/softnet_stat with the number of the core; older kernels have fewer, and a line for each core."""
_OWN_TIMES = slice(11, 15)
"""utime, stime, cutime and cstime in /proc/PID/stat, counted from the field after the name."""


class CoreTimes(NamedTuple):
    """Of one core since boot, ns (proc(5), /proc/stat): in processes, in interrupts, idle, stolen by a host."""

    busy_ns: int
    interrupt_ns: int
    idle_ns: int
    stolen_ns: int


class Softnet(NamedTuple):
    """Of one core since boot: packets processed, packets dropped, rounds cut short."""

    processed: int
    dropped: int
    squeezed: int


def core_times(stat: str) -> dict[int, CoreTimes]:
    """The cores' lines in the text of /proc/stat. Guest time, their last two figures, is in user time already."""
    lines = (line.split() for line in stat.splitlines() if line.startswith("cpu") and line[3].isdecimal())
    return {int(name[3:]): _times(*map(int, ticks[:8])) for name, *ticks in lines}


def _times(user: int, nice: int, system: int, idle: int, iowait: int, irq: int, softirq: int, stolen: int) -> CoreTimes:
    ticks = (user + nice + system, irq + softirq, idle + iowait, stolen)
    return CoreTimes(*(each * _TICK_NS for each in ticks))


def softnet(text: str) -> dict[int, Softnet]:
    """The text of /proc/net/softnet_stat, by core."""
    lines = [[int(word, 16) for word in line.split()] for line in text.splitlines()]
    return {
        line[_SOFTNET_CORE] if len(line) > _SOFTNET_CORE else number: Softnet(*line[:3])
        for number, line in enumerate(lines)
    }


def process_time_ns(stat: str) -> int:
    """What a process and its ended children used, from the text of /proc/PID/stat; its name may be anything."""
    return sum(map(int, stat.rpartition(")")[2].split()[_OWN_TIMES])) * _TICK_NS


def read_cores() -> Mapping[int, CoreTimes]:
    """Every core now."""
    return core_times(Path("/proc/stat").read_text())


def read_softnet() -> Mapping[int, Softnet]:
    """Every core now, for all network namespaces together."""
    return softnet(Path("/proc/net/softnet_stat").read_text())


def read_own_time_ns() -> int:
    """All processes of this pid namespace together."""
    return sum(map(_time_of, Path("/proc").glob("[0-9]*")))


def _time_of(process: Path) -> int:
    try:
        return process_time_ns((process / "stat").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0


def read_clock_offset_ns() -> int:
    """CLOCK_REALTIME − CLOCK_MONOTONIC, from the quickest of a few readings."""
    return min(_clock_reading() for _ in range(_CLOCK_READINGS))[1]


def _clock_reading() -> tuple[int, int]:
    before_ns = monotonic_ns()
    realtime_ns = clock_gettime_ns(CLOCK_REALTIME)
    after_ns = monotonic_ns()
    return after_ns - before_ns, realtime_ns - (before_ns + after_ns) // 2


_RECEIVE_DROP = 3
"""The column of proc_net_dev(5), after the interface's name."""


def udp_statistics(pid: int) -> dict[str, int]:
    """What became of UDP datagrams, by the kernel's names, such as NoPorts (/proc/net/snmp, RFC 4113)."""
    return parse_udp_statistics(Path(f"/proc/{pid}/net/snmp").read_text())


def parse_udp_statistics(snmp: str) -> dict[str, int]:
    """The two lines of /proc/net/snmp that are UDP's: names, then values."""
    names, values = (line.split()[1:] for line in snmp.splitlines() if line.startswith("Udp:"))
    return dict(zip(names, map(int, values), strict=True))


def receive_drops(pid: int) -> dict[str, int]:
    """Frames of any kind that the kernel dropped as they came to an interface, by interface (/proc/net/dev).

    Those of a veth found the receive backlog of a core full (net.core.netdev_max_backlog), or nobody who wanted them.
    """
    return parse_receive_drops(Path(f"/proc/{pid}/net/dev").read_text())


def parse_receive_drops(net_dev: str) -> dict[str, int]:
    """Every line of /proc/net/dev but the two of the header."""
    rows = (line.partition(":") for line in net_dev.splitlines()[2:])
    return {name.strip(): int(counters.split()[_RECEIVE_DROP]) for name, _, counters in rows}


def counter_growth(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """What was counted in between."""
    return {name: count - before.get(name, 0) for name, count in after.items()}


_PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)


def proportional_memory_bytes() -> int:
    """Sum of the proportional set sizes (shared pages counted once) of every process in this pid namespace."""
    return sum(_pss_bytes(process) for process in Path("/proc").glob("[0-9]*"))


def _pss_bytes(process: Path) -> int:
    try:
        found = _PSS.search((process / "smaps_rollup").read_text())
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return int(found[1]) * 1024 if found else 0
