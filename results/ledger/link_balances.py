"""The balances of directions of links: frames onto it, off it, and losses counted by its back end. Pure.

The order of causes, and why counters of all frames explain at most what is missing: see `balances.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from results.ledger.packet_fates import LOST, UNDER_WAY, fate_name, is_of_stream
from results.ledger.station import (
    Entry,
    Station,
    balanced,
    corrupts_uncounted,
    duplicates_uncounted,
    lost_to_backlog,
    port_goes_down,
    up_to,
)
from results.metrics.analysis import Evidence
from results.metrics.matching import Ints
from results.run_files.machine import LinkRow, MachineReport
from results.run_files.plan import Plan
from topologies.interface_names import switch_port
from topologies.link_backend import FATES, HELD, LinkCounters
from topologies.model import Direction


def link_station(evidence: Evidence, machine: MachineReport, row: LinkRow) -> Station:
    """The balance of one direction of a link."""
    direction, media = Direction(row.source, row.destination), row.counters.media
    if media is None:
        uncounted, losses = corrupts_uncounted(evidence.plan), _by_all_frames(evidence.plan, machine, row)
        return balanced(f"link {direction}", row.onto_link, row.off_link, losses, corrupted_uncounted=uncounted)
    attributed = list(_by_media(evidence, row, media))
    missing = row.onto_link + media.duplicated - row.off_link - sum(entry.packets for entry in attributed)
    backlog = _backlog(missing, evidence.plan, machine, direction)
    missing -= backlog.packets
    overflow = up_to(missing, row.counters.lost_overflow - media.lost_overflow)
    down = missing - overflow if port_goes_down(evidence.plan, direction) else 0
    entries = (
        *attributed,
        backlog,
        Entry("no room", overflow, told=False),
        Entry("port down", max(0, down), told=False),
    )
    return balanced(f"link {direction}", row.onto_link, row.off_link, entries, made=media.duplicated)


def _by_media(evidence: Evidence, row: LinkRow, media: LinkCounters) -> Iterator[Entry]:
    """Losses of media as the back end counted them. It records a limited number of single frames; those beyond it are
    unattributed."""
    recorded = _recorded(evidence, Direction(row.source, row.destination))
    counts = {FATES.index(what): getattr(media, what) for what in FATES if what.startswith(LOST)}
    for fate, counted in {**counts, HELD: media.queued}.items():
        cause = UNDER_WAY if fate == HELD else fate_name(FATES[fate])
        attributed = min(counted, int(np.count_nonzero(recorded == fate)))
        yield Entry(cause, attributed, told=True)
        yield Entry(cause, counted - attributed, told=False)


def _recorded(evidence: Evidence, direction: Direction) -> Ints:
    """The fates of single frames in a direction that name a packet."""
    frames = evidence.recording.link_fates
    here = frames["direction"] == evidence.plan.topology.directions.index(direction)
    fates: Ints = frames["what"][here & is_of_stream(evidence, frames)]
    return fates


def _by_all_frames(plan: Plan, machine: MachineReport, row: LinkRow) -> Iterator[Entry]:
    """Losses by the counters of a back end that counts frames of all kinds together."""
    missing, direction = row.onto_link - row.off_link, Direction(row.source, row.destination)
    if missing < 0 and duplicates_uncounted(plan, direction):
        yield Entry("copies", missing, told=False)
    backlog = _backlog(missing, plan, machine, direction)
    missing -= backlog.packets
    yield backlog
    for what in (each for each in FATES if each.startswith(LOST)):
        packets = up_to(missing, getattr(row.counters, what))
        missing -= packets
        yield Entry(fate_name(what), packets, told=False)
    if port_goes_down(plan, direction):
        yield Entry("port down", max(0, missing), told=False)


def _backlog(missing: int, plan: Plan, machine: MachineReport, direction: Direction) -> Entry:
    """Frames dropped from the kernel's receive backlog at the far end; none if that port is planned to go down, because
    the kernel counts frames for an interface that is down there as well."""
    here, there = plan.topology.ordinals(direction)
    return lost_to_backlog(0 if port_goes_down(plan, direction) else missing, machine, switch_port(there, here))
