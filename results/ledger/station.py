"""The balance of a station: what came in, what went out, what it lost, and what its sockets did not take. Pure.

A UDP socket counts with what it did not take those datagrams whose checksum failed, when it was read; the host's
InCsumErrors tells these apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from results.run_files.machine import HostRow, MachineReport, ProcessKind, SocketRow
from results.run_files.plan import Plan
from topologies.model import Direction


@dataclass(frozen=True, slots=True)
class Entry:
    """Packets that came to a station and did not go on, by cause; below 0, copies that it made and that went on.

    `told`: they are attributed, which is to say that a record names each of them by SSRC and sequence number.
    """

    cause: str
    packets: int
    told: bool


@dataclass(frozen=True, slots=True)
class Station:
    """A station's balance over the run; `unexplained` is below 0 where more came out than can have."""

    name: str
    came_in: int
    made: int
    went_out: int
    entries: list[Entry]
    unexplained: int


def balanced(
    name: str, came_in: int, went_out: int, entries: Iterable[Entry], *, made: int = 0, spoilt_unseen: bool = False
) -> Station:
    """Every entry that counts something, and the rest. `spoilt_unseen`: what is missing may be frames that a link
    corrupted without counting them."""
    kept = [entry for entry in entries if entry.packets]
    rest = came_in + made - went_out - sum(entry.packets for entry in kept)
    if rest > 0 and spoilt_unseen:
        kept, rest = [*kept, Entry("corrupted", rest, told=False)], 0
    return Station(name, came_in, made, went_out, kept, rest)


def lost_to_backlog(missing: int, machine: MachineReport, *interfaces: str) -> Entry:
    """What the kernel dropped of them on the way to these interfaces."""
    dropped = sum(machine.backlog_drops.get(interface, 0) for interface in interfaces)
    return Entry("receive backlog full", up_to(missing, dropped), told=False)


def up_to(missing: int, counted: int) -> int:
    """What a counter of all frames explains of what is missing of the media."""
    return max(0, min(missing, counted))


def port_goes_down(plan: Plan, direction: Direction) -> bool:
    """Whether a port of this direction is planned to go down."""
    return any(change.up is False for change in plan.changes_to(direction))


def spoils_unseen(plan: Plan) -> bool:
    """Whether frames are corrupted by a back end that does not count them."""
    return not plan.link_capabilities.counts_corrupted and any(fault.change.corrupt for fault in plan.link_faults)


def copies_unseen(plan: Plan, direction: Direction) -> bool:
    """Whether frames of this direction are duplicated by a back end that does not count them."""
    planned = any(change.duplicate for change in plan.changes_to(direction))
    return planned and not plan.link_capabilities.counts_duplicates


_MEDIA: tuple[ProcessKind, ...] = ("relay", "client")
_CANARIES = "canaries"


def overflow_of_media(machine: MachineReport, host: HostRow) -> int:
    """Of the sockets of one host that media comes to."""
    sockets = _sockets(machine, host)
    media = sum(row.drops for row in sockets if row.process.kind in _MEDIA or row.socket == _CANARIES)
    return min(media, _overflow(machine, host))


def overflow(machine: MachineReport) -> int:
    """Of all sockets, those of the switch daemon too."""
    failed = sum(_dropped(machine, host) - _overflow(machine, host) for host in machine.hosts)
    return sum(row.drops for row in machine.socket_drops) - failed


def refused_by_filters(host: HostRow) -> int:
    """Datagrams that a socket was no longer to take: errors of the host's UDP that it counts under no other name."""
    known = sum(host.udp.get(name, 0) for name in ("RcvbufErrors", "MemErrors", "InCsumErrors"))
    return max(0, host.udp.get("InErrors", 0) - known)


def _overflow(machine: MachineReport, host: HostRow) -> int:
    return max(0, _dropped(machine, host) - host.udp.get("InCsumErrors", 0))


def _dropped(machine: MachineReport, host: HostRow) -> int:
    return sum(row.drops for row in _sockets(machine, host))


def _sockets(machine: MachineReport, host: HostRow) -> Iterator[SocketRow]:
    """The sockets of all processes of a host."""
    return (row for row in machine.socket_drops if row.process.cluster == host.cluster)
