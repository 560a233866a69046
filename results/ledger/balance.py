"""The balance of a station: what came in, what went out, and what the station says of the rest. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from results.machine import MachineReport
from results.plan import Plan, is_wired
from topologies.model import Direction


@dataclass(frozen=True, slots=True)
class Entry:
    """Packets that came to a station and did not go on; below 0, copies that did. `told`: which ones is noted down."""

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


def is_cut(plan: Plan, direction: Direction) -> bool:
    """Whether a port of this direction is planned to go down."""
    return any(fault.change.up is False and direction in fault.directions for fault in plan.faults)


def spoils_unseen(plan: Plan) -> bool:
    """Whether frames are corrupted by a back end that does not count them."""
    return not is_wired(plan) and any(fault.change.corrupt for fault in plan.faults)


def copies_unseen(plan: Plan, direction: Direction) -> bool:
    """Whether frames of this direction are duplicated by a back end that does not count them."""
    planned = (fault.change.duplicate for fault in plan.faults if direction in fault.directions)
    return not is_wired(plan) and any(planned)
