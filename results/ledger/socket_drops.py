"""Datagrams that sockets did not take. Pure.

A UDP socket counts with them those whose checksum failed, when it was read; the host's InCsumErrors tells these apart.
"""

from __future__ import annotations

from collections.abc import Iterator

from results.machine import HostRow, MachineReport

_MEDIA = ("relay", "client")
_CANARIES = "canaries"


def overflow_of_media(machine: MachineReport, host: HostRow) -> int:
    """Of the sockets of one host that media comes to."""
    media = sum(drops for process, socket, drops in _of(machine, host) if process in _MEDIA or socket == _CANARIES)
    return min(media, _overflow(machine, host))


def overflow(machine: MachineReport) -> int:
    """Of all sockets, those of the switch daemon too."""
    failed = sum(_dropped(machine, host) - _overflow(machine, host) for host in machine.hosts)
    return sum(machine.socket_drops.values()) - failed


def refused_by_filters(host: HostRow) -> int:
    """Datagrams that a socket was no longer to take: errors of the host's UDP that it counts under no other name."""
    known = sum(host.udp.get(name, 0) for name in ("RcvbufErrors", "MemErrors", "InCsumErrors"))
    return max(0, host.udp.get("InErrors", 0) - known)


def _overflow(machine: MachineReport, host: HostRow) -> int:
    return max(0, _dropped(machine, host) - host.udp.get("InCsumErrors", 0))


def _dropped(machine: MachineReport, host: HostRow) -> int:
    return sum(drops for _, _, drops in _of(machine, host))


def _of(machine: MachineReport, host: HostRow) -> Iterator[tuple[str, str, int]]:
    """Process, socket and drops of every socket of a host."""
    for name, drops in machine.socket_drops.items():
        process, _, socket = name.partition(": ")
        kind, _, cluster = process.partition("-")
        if cluster == host.cluster:
            yield kind, socket, drops
