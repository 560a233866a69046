"""The kernel's own counters of a network namespace, which is that of a process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_RECEIVE_DROP = 3
"""The column of proc_net_dev(5), after the interface's name."""


def udp_statistics(pid: int) -> dict[str, int]:
    """What became of UDP datagrams, by the kernel's names, such as NoPorts (/proc/net/snmp, RFC 4113)."""
    return parse_udp_statistics(Path(f"/proc/{pid}/net/snmp").read_text())


def parse_udp_statistics(snmp: str) -> dict[str, int]:
    """The two lines of /proc/net/snmp that are UDP's: names, then values."""
    names, values = (line.split()[1:] for line in snmp.splitlines() if line.startswith("Udp:"))
    return dict(zip(names, map(int, values), strict=True))


def dropped_on_receipt(pid: int) -> dict[str, int]:
    """Frames of any kind that the kernel dropped as they came to an interface, by interface (/proc/net/dev).

    Those of a veth found the receive backlog of a core full (net.core.netdev_max_backlog), or nobody who wanted them.
    """
    return parse_dropped_on_receipt(Path(f"/proc/{pid}/net/dev").read_text())


def parse_dropped_on_receipt(net_dev: str) -> dict[str, int]:
    """Every line of /proc/net/dev but the two of the header."""
    rows = (line.partition(":") for line in net_dev.splitlines()[2:])
    return {name.strip(): int(counters.split()[_RECEIVE_DROP]) for name, _, counters in rows}


def changed(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """What was counted in between."""
    return {name: count - before.get(name, 0) for name, count in after.items()}
