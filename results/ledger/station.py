"""The balance of a station: packets in and out, losses by cause, and drops of its sockets. Pure.

The drop counter of a UDP socket (SK_MEMINFO_DROPS) includes datagrams whose checksum failed when they were read. Their
number is the host's InCsumErrors, which is subtracted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from results.run_files.machine import HostRow, MachineReport, ProcessKind, SocketRow
from results.run_files.plan import Plan
from topologies.model import Direction


@dataclass(frozen=True, slots=True)
class Entry:
    """Packets that a station received and did not send on, by cause; negative: copies that it made and sent on.

    `told`: they are attributed, that is, a record names each of them by SSRC and sequence number.
    """

    cause: str
    packets: int
    told: bool


@dataclass(frozen=True, slots=True)
class Station:
    """The balance of a station over the run: came_in + made = went_out + entries + unexplained.

    `unexplained` is negative if more packets went out than came in or were made.
    """

    name: str
    came_in: int
    made: int
    went_out: int
    entries: list[Entry]
    unexplained: int


def balanced(
    name: str,
    came_in: int,
    went_out: int,
    entries: Iterable[Entry],
    *,
    made: int = 0,
    corrupted_uncounted: bool = False,
) -> Station:
    """A balance with its entries that are not 0, and the rest as unexplained.

    `corrupted_uncounted`: links corrupt frames by plan and do not count them, so a positive rest is taken for those.
    """
    kept = [entry for entry in entries if entry.packets]
    rest = came_in + made - went_out - sum(entry.packets for entry in kept)
    if rest > 0 and corrupted_uncounted:
        kept, rest = [*kept, Entry("corrupted", rest, told=False)], 0
    return Station(name, came_in, made, went_out, kept, rest)


def lost_to_backlog(missing: int, machine: MachineReport, *interfaces: str) -> Entry:
    """The part of the missing packets that the kernel dropped from its receive backlog at these interfaces."""
    dropped = sum(machine.backlog_drops.get(interface, 0) for interface in interfaces)
    return Entry("receive backlog full", up_to(missing, dropped), told=False)


def up_to(missing: int, counted: int) -> int:
    """The number of missing media packets that a counter of all frames explains: at most all of the missing."""
    return max(0, min(missing, counted))


def port_goes_down(plan: Plan, direction: Direction) -> bool:
    """Whether a fault of the plan takes down a port of this direction."""
    return any(change.up is False for change in plan.changes_to(direction))


def corrupts_uncounted(plan: Plan) -> bool:
    """Whether the plan corrupts frames with a link back end that does not count them."""
    return not plan.link_capabilities.counts_corrupted and any(fault.change.corrupt for fault in plan.link_faults)


def duplicates_uncounted(plan: Plan, direction: Direction) -> bool:
    """Whether the plan duplicates frames of this direction with a link back end that does not count the copies."""
    planned = any(change.duplicate for change in plan.changes_to(direction))
    return planned and not plan.link_capabilities.counts_duplicates


_MEDIA: tuple[ProcessKind, ...] = ("relay", "client")
_CANARIES = "canaries"


def overflow_of_media(machine: MachineReport, host: HostRow) -> int:
    """Packets dropped at full receive buffers of the sockets of a host that receive media."""
    sockets = _sockets(machine, host)
    media = sum(row.drops for row in sockets if row.process.kind in _MEDIA or row.socket == _CANARIES)
    return min(media, _overflow(machine, host))


def overflow(machine: MachineReport) -> int:
    """Packets dropped at full receive buffers of all sockets, those of ovs-vswitchd included."""
    failed = sum(_dropped(machine, host) - _overflow(machine, host) for host in machine.hosts)
    return sum(row.drops for row in machine.socket_drops) - failed


def refused_by_filters(host: HostRow) -> int:
    """Datagrams that the filter of a closing socket refused: UDP input errors of no more specific counter."""
    known = sum(host.udp.get(name, 0) for name in ("RcvbufErrors", "MemErrors", "InCsumErrors"))
    return max(0, host.udp.get("InErrors", 0) - known)


def _overflow(machine: MachineReport, host: HostRow) -> int:
    return max(0, _dropped(machine, host) - host.udp.get("InCsumErrors", 0))


def _dropped(machine: MachineReport, host: HostRow) -> int:
    return sum(row.drops for row in _sockets(machine, host))


def _sockets(machine: MachineReport, host: HostRow) -> Iterator[SocketRow]:
    """Sockets of all processes of a host."""
    return (row for row in machine.socket_drops if row.process.cluster == host.cluster)
