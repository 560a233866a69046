"""The kernel's own count of what became of UDP datagrams in a network namespace (/proc/net/snmp, RFC 4113)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def udp_statistics(pid: int) -> dict[str, int]:
    """The UDP counters of the network namespace of a process, by their kernel names, such as NoPorts."""
    return parse_udp_statistics(Path(f"/proc/{pid}/net/snmp").read_text())


def parse_udp_statistics(snmp: str) -> dict[str, int]:
    """The two lines of /proc/net/snmp that are UDP's: names, then values."""
    names, values = (line.split()[1:] for line in snmp.splitlines() if line.startswith("Udp:"))
    return dict(zip(names, map(int, values), strict=True))


def changed(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """What was counted in between."""
    return {name: count - before.get(name, 0) for name, count in after.items()}
