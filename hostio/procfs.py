"""Readings of /proc: cores, processes, memory and network namespaces (proc(5)). Parsers are pure; readers call them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path
from time import CLOCK_REALTIME, clock_gettime_ns, monotonic_ns
from typing import NamedTuple

from hostio.timing import S

_TICK_NS = S // os.sysconf("SC_CLK_TCK")
_CLOCK_READINGS = 5
_OWN_TIMES = slice(11, 15)
"""utime, stime, cutime and cstime in /proc/PID/stat, counted from the field after the name."""

_SOFTNET_CORE = 12
"""Column of /proc/net/softnet_stat with the number of the core; older kernels have fewer, and a line for each core."""

_RECEIVE_DROP, _SENT_BYTES = 3, 8
"""Columns of /proc/net/dev, after the interface's name (proc_net_dev(5))."""

_UDP_INODE = 9
"""Column of a line of /proc/net/udp; three of its headings stand for two columns together (proc_net_udp(5))."""

_TABLE_READINGS = 6
"""At most: where sockets close all the time no two are alike."""

_PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)


class CoreTimes(NamedTuple):
    """Times of one core since boot, ns: in processes, in interrupts, idle, stolen by the host of a virtual machine.

    Differences count: a core that was offline for a time has been busy meanwhile.
    """

    busy_ns: int
    interrupt_ns: int
    idle_ns: int
    stolen_ns: int


class Softnet(NamedTuple):
    """Of one core since boot: packets processed, packets dropped, polling rounds cut short (time_squeeze)."""

    processed: int
    dropped: int
    squeezed: int


def core_times(stat: str, at_ns: int) -> dict[int, CoreTimes]:
    """By core, from /proc/stat as read at a time since boot.

    In processes is what is left of that time. The kernel's own figure of it counts the ticks that found a process, and
    so takes one that wakes with each tick for one that never sleeps, while it measures how long a core was idle.
    """
    lines = (line.split() for line in stat.splitlines() if line.startswith("cpu") and line[3].isdecimal())
    return {int(name[3:]): _times(at_ns, *map(int, ticks[3:8])) for name, *ticks in lines}


def _times(at_ns: int, *ticks: int) -> CoreTimes:
    """`ticks`: idle, iowait, irq, softirq and steal, as in a line of /proc/stat."""
    idle, iowait, irq, softirq, stolen = (each * _TICK_NS for each in ticks)
    interrupt = irq + softirq
    return CoreTimes(at_ns - idle - iowait - interrupt - stolen, interrupt, idle + iowait, stolen)


def read_cores() -> Mapping[int, CoreTimes]:
    """Every core that is online."""
    return core_times(Path("/proc/stat").read_text(), monotonic_ns())


def softnet(text: str) -> dict[int, Softnet]:
    """By core, from /proc/net/softnet_stat."""
    lines = [[int(word, 16) for word in line.split()] for line in text.splitlines()]
    return {
        line[_SOFTNET_CORE] if len(line) > _SOFTNET_CORE else number: Softnet(*line[:3])
        for number, line in enumerate(lines)
    }


def read_softnet() -> Mapping[int, Softnet]:
    """Every core, for all network namespaces together."""
    return softnet(Path("/proc/net/softnet_stat").read_text())


def process_time_ns(stat: str) -> int:
    """CPU time of a process and of its children that have ended, from /proc/PID/stat.

    The name in the second field may hold blanks and parentheses; nothing after it does.
    """
    return sum(map(int, stat.rpartition(")")[2].split()[_OWN_TIMES])) * _TICK_NS


def read_own_time_ns() -> int:
    """CPU time of all processes of this pid namespace, and of their children that have ended.

    Plain files, because the monitor reads them once a second: pathlib takes twice as long, and psutil 1.6 times.
    """
    return sum(map(_time_of, process_ids()))


def process_ids() -> Iterator[str]:
    """Every process of this pid namespace."""
    return (name for name in os.listdir("/proc") if name.isdecimal())  # noqa: PTH208 - see read_own_time_ns


def _time_of(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:  # noqa: PTH123 - see read_own_time_ns
            return process_time_ns(file.read().decode("latin1"))
    except (FileNotFoundError, ProcessLookupError):
        return 0


def maps(id_map: str, number: int) -> bool:
    """Whether a user namespace has a user or group of this number, by its uid_map or gid_map (user_namespaces(7))."""
    ranges = (tuple(map(int, line.split())) for line in id_map.splitlines())
    return any(first <= number < first + count for first, _, count in ranges)


def is_mapped_user(number: int) -> bool:
    """Whether there are a user and a group of this number in this process's user namespace."""
    return all(maps(Path(f"/proc/self/{kind}_map").read_text(), number) for kind in ("uid", "gid"))


def proportional_memory_bytes() -> int:
    """Sum of the proportional set sizes (shared pages counted once) of every process in this pid namespace."""
    return sum(map(_pss_bytes, process_ids()))


def _pss_bytes(pid: str) -> int:
    try:
        found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return int(found[1]) * 1024 if found else 0


def parse_statistics(snmp: str, protocol: str) -> dict[str, int]:
    """A protocol's two lines of /proc/net/snmp: names, then values."""
    names, values = (line.split()[1:] for line in snmp.splitlines() if line.startswith(f"{protocol}:"))
    return dict(zip(names, map(int, values), strict=True))


def parse_udp_statistics(snmp: str) -> dict[str, int]:
    """UDP's lines of /proc/net/snmp."""
    return parse_statistics(snmp, "Udp")


def udp_statistics(pid: int) -> dict[str, int]:
    """UDP counters of a process's network namespace, by the kernel's names, such as NoPorts (RFC 4113)."""
    return parse_udp_statistics(Path(f"/proc/{pid}/net/snmp").read_text())


class Unreachable(NamedTuple):
    """ICMP messages "destination unreachable" (RFC 792) of a network namespace since its start."""

    received: int
    sent: int


def icmp_unreachable(pid: str) -> Unreachable | None:
    """Of a process's network namespace; None if the process has ended."""
    try:
        icmp = parse_statistics(Path(f"/proc/{pid}/net/snmp").read_text(), "Icmp")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return Unreachable(icmp["InDestUnreachs"], icmp["OutDestUnreachs"])


def parse_receive_drops(net_dev: str) -> dict[str, int]:
    """By interface, from /proc/net/dev."""
    return _of_interfaces(net_dev, _RECEIVE_DROP)


def parse_sent_bytes(net_dev: str) -> dict[str, int]:
    """Bytes of the frames that each interface has sent, from /proc/net/dev."""
    return _of_interfaces(net_dev, _SENT_BYTES)


def _of_interfaces(net_dev: str, column: int) -> dict[str, int]:
    """A column by interface; the first two lines are a header."""
    rows = (line.partition(":") for line in net_dev.splitlines()[2:])
    return {name.strip(): int(counters.split()[column]) for name, _, counters in rows}


def sent_bytes() -> dict[str, int]:
    """Bytes of the frames that each interface of this process's network namespace has sent, after its queueing
    discipline; of a veth those that its peer took."""
    return parse_sent_bytes(Path("/proc/self/net/dev").read_text())


def receive_drops(pid: int) -> dict[str, int]:
    """Frames dropped on receipt by each interface of a process's network namespace.

    A veth drops where the receive backlog of a core is full (net.core.netdev_max_backlog), and frames that no protocol
    takes.
    """
    return parse_receive_drops(Path(f"/proc/{pid}/net/dev").read_text())


def parse_udp_ports(net_udp: str, address: str) -> set[int]:
    """Ports of UDP sockets that are bound to an IPv4 address or to any, from /proc/net/udp or udp6; its first line is a
    header."""
    number = int.from_bytes(IPv4Address(address).packed, sys.byteorder)
    bound = (line.split()[1].split(":") for line in net_udp.splitlines()[1:])
    return {int(port, 16) for host, port in bound if int(host, 16) in (0, number)}


def udp_ports(pid: int, address: str) -> set[int]:
    """UDP ports at which an IPv4 address receives in a process's network namespace."""
    return {port for table in _udp_tables(pid) for port in parse_udp_ports(table, address)}


class UdpSocket(NamedTuple):
    """A UDP socket: its local port, bytes in its receive queue as the kernel accounts for them, datagrams dropped."""

    port: int
    queued_bytes: int
    drops: int


def parse_udp_sockets(net_udp: str) -> list[UdpSocket]:
    """From /proc/net/udp or udp6; its first line is a header. The last column is `drops`."""
    rows = (line.split() for line in net_udp.splitlines()[1:])
    return [
        UdpSocket(int(row[1].rpartition(":")[2], 16), int(row[4].rpartition(":")[2], 16), int(row[-1])) for row in rows
    ]


def udp_sockets(pid: str) -> list[UdpSocket]:
    """The UDP sockets of a process's network namespace; none if the process has ended."""
    return [each for table in _udp_tables(pid) for each in parse_udp_sockets(table)]


def whole_table(read: Callable[[], str]) -> str:
    """A table of sockets that the kernel shows a page at a time, with every socket that is there all the while.

    The kernel counts its way to the next page, so that it skips a socket where one before it was closed meanwhile. It
    is therefore read until a reading has all rows of those before it, at most _TABLE_READINGS times. A row is known by
    its local address and its inode, and is as it was last read.
    """
    header, *lines = read().splitlines()
    rows = _by_socket(lines)
    for _ in range(_TABLE_READINGS - 1):
        latest = _by_socket(read().splitlines()[1:])
        is_whole = rows.keys() <= latest.keys()
        rows |= latest
        if is_whole:
            break
    return "\n".join([header, *rows.values()])


def _by_socket(lines: Iterable[str]) -> dict[tuple[str, str], str]:
    return {(fields[1], fields[_UDP_INODE]): line for line in lines for fields in [line.split()]}


def _udp_tables(pid: int | str) -> Iterator[str]:
    """/proc/net/udp and udp6 of a process's network namespace; neither if it has ended."""
    for name in ("udp", "udp6"):
        with suppress(FileNotFoundError, ProcessLookupError):
            yield whole_table(Path(f"/proc/{pid}/net/{name}").read_text)


def counter_growth(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """The difference of two readings; a counter that was not in the first one began at 0."""
    return {name: count - before.get(name, 0) for name, count in after.items()}


def read_clock_offset_ns() -> int:
    """CLOCK_REALTIME − CLOCK_MONOTONIC, from the quickest of a few readings: the one least likely to be interrupted."""
    return min(_clock_reading() for _ in range(_CLOCK_READINGS))[1]


def _clock_reading() -> tuple[int, int]:
    """How long the reading took, and the offset."""
    before_ns = monotonic_ns()
    realtime_ns = clock_gettime_ns(CLOCK_REALTIME)
    after_ns = monotonic_ns()
    return after_ns - before_ns, realtime_ns - (before_ns + after_ns) // 2
