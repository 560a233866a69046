"""The stations a packet passes (hosts, switches, directions of links), each with its balance. Pure.

in + made = out + what the station says it lost or holds + unexplained. In and out are counted at the interfaces between
stations, by the kernel; what was lost is counted by whoever lost it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from relay_app.records import HELD, RELAY_COUNTERS, RELAY_FATE
from results.analysis import Evidence
from results.machine import HostRow, LinkRow, MachineReport
from results.packet_notes import LOST, UNDER_WAY, fate_name, reason_name
from results.plan import Plan
from results.socket_drops import overflow_of_media
from topologies.frame_fates import FATES
from topologies.links import LinkCounters
from topologies.model import Cluster, Direction
from topologies.names import switch, switch_lan_port, switch_port

_DROPPED = "dropped_"


@dataclass(frozen=True, slots=True)
class Entry:
    """Packets that came to a station and did not go on. `told`: it is noted down which they were."""

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


def stations(evidence: Evidence) -> Iterator[Station]:
    """Every host, switch and direction of a link; none if nobody counted them."""
    machine = evidence.machine
    if machine is None or not machine.hosts:
        return
    for row in machine.hosts:
        yield _host(evidence, machine, row)
        yield _switch(evidence.plan, machine, evidence.plan.topology.cluster(row.cluster), row)
    for link in machine.links:
        yield _link(evidence, link)


def _balanced(name: str, came_in: int, went_out: int, entries: Iterator[Entry], made: int = 0) -> Station:
    """Every entry that counts something, and the rest."""
    kept = [entry for entry in entries if entry.packets]
    rest = came_in + made - went_out - sum(entry.packets for entry in kept)
    return Station(name, came_in, made, went_out, kept, rest)


def _host(evidence: Evidence, machine: MachineReport, row: HostRow) -> Station:
    recording, name = evidence.recording, row.cluster
    came_in = len(recording.sent.get(name, ())) + _counter(machine, f"prober-{name}: sent_canaries") + row.to_host
    went_out = len(recording.received.get(name, ())) + _counter(machine, f"prober-{name}: arrived_canaries")
    entries = [*_relay_entries(evidence, machine, name), *_socket_entries(machine, row)]
    missing = came_in - went_out - row.from_host - sum(entry.packets for entry in entries)
    entries.append(Entry("no socket at its port", _up_to(missing, row.udp.get("NoPorts", 0)), told=False))
    return _balanced(f"host {name}", came_in, went_out + row.from_host, iter(entries))


def _relay_entries(evidence: Evidence, machine: MachineReport, name: str) -> Iterator[Entry]:
    """What the relay dropped or holds; of packets that are no RTP it is not told which they were."""
    fates = evidence.recording.relay_fates.get(name, np.empty(0, RELAY_FATE))
    for known in (True, False):
        reasons, counts = np.unique(fates["reason"][(fates["ssrc"] != 0) == known], return_counts=True)
        for reason, count in zip(reasons.tolist(), counts.tolist(), strict=True):
            yield Entry(f"relay: {reason_name(reason)}", count, told=known)
    noted = int(np.count_nonzero(fates["reason"] < HELD))
    yield Entry("relay: dropped", max(0, _dropped(evidence, name) - noted), told=False)
    yield Entry("relay: in hand when it ended", _counter(machine, f"relay-{name}: in_hand"), told=False)


def _dropped(evidence: Evidence, name: str) -> int:
    samples = evidence.recording.relays.get(name)
    if samples is None or not len(samples):
        return 0
    return sum(int(samples[-1][each]) for each in RELAY_COUNTERS if each.startswith(_DROPPED))


def _socket_entries(machine: MachineReport, row: HostRow) -> Iterator[Entry]:
    """Receive buffers that were full, and datagrams that the client could not read as RTP."""
    yield Entry("receive buffers full", overflow_of_media(machine, row), told=False)
    yield Entry("client: no RTP", _counter(machine, f"client-{row.cluster}: malformed"), told=False)


def _switch(plan: Plan, machine: MachineReport, cluster: Cluster, host: HostRow) -> Station:
    """Counters of all frames explain no more than what is missing of the media."""
    arriving = [link for link in machine.links if link.destination == cluster.name]
    leaving = [link for link in machine.links if link.source == cluster.name]
    came_in = host.from_host + sum(link.off_link for link in arriving)
    went_out = host.to_host + sum(link.onto_link for link in leaving)
    missing = came_in - went_out
    ports = [
        switch_lan_port(cluster.ordinal),
        *(switch_port(cluster.ordinal, plan.topology.cluster(link.destination).ordinal) for link in leaving),
    ]
    sockets = _up_to(missing, sum(machine.socket_drops.get(f"ovs-vswitchd: {port}", 0) for port in ports))
    dropped = _up_to(missing - sockets, _port_drops(machine, cluster, ports))
    down = missing - sockets - dropped if _goes_down(plan, cluster.name) else 0
    entries = (
        Entry("receive buffer full", sockets, told=False),
        Entry("dropped by a port", dropped, told=False),
        Entry("port down", max(0, down), told=False),
    )
    return _balanced(f"switch {cluster.name}", came_in, went_out, iter(entries))


def _port_drops(machine: MachineReport, cluster: Cluster, ports: list[str]) -> int:
    names = (f"{switch(cluster.ordinal)} {port} {way}" for port in ports for way in ("rx", "tx"))
    return sum(machine.port_drops.get(name, 0) for name in names)


def _link(evidence: Evidence, row: LinkRow) -> Station:
    direction, media = Direction(row.source, row.destination), row.counters.media
    if media is None:
        return _balanced(f"link {direction}", row.onto_link, row.off_link, _by_all_frames(evidence.plan, row))
    entries = list(_by_media(evidence, row, media))
    missing = row.onto_link + media.duplicated - row.off_link - sum(entry.packets for entry in entries)
    overflow = _up_to(missing, row.counters.lost_overflow - media.lost_overflow)
    down = missing - overflow if _is_cut(evidence.plan, direction) else 0
    entries += [Entry("no room", overflow, told=False), Entry("port down", max(0, down), told=False)]
    return _balanced(f"link {direction}", row.onto_link, row.off_link, iter(entries), media.duplicated)


def _by_media(evidence: Evidence, row: LinkRow, media: LinkCounters) -> Iterator[Entry]:
    """Each cause as the wire counted it; it noted down which packets they were for as long as it had room."""
    noted = _noted(evidence, Direction(row.source, row.destination))
    for what in (each for each in FATES if each.startswith(LOST)):
        counted = getattr(media, what)
        told = min(counted, noted.get(what, 0))
        yield Entry(fate_name(what), told, told=True)
        yield Entry(fate_name(what), counted - told, told=False)
    yield Entry(UNDER_WAY, media.queued, told=True)


def _noted(evidence: Evidence, direction: Direction) -> Mapping[str, int]:
    frames = evidence.recording.link_fates
    mine = frames["what"][frames["direction"] == evidence.plan.topology.directions.index(direction)]
    return {what: int(np.count_nonzero(mine == number)) for number, what in enumerate(FATES)}


def _by_all_frames(plan: Plan, row: LinkRow) -> Iterator[Entry]:
    """netem counts media with all other frames: its counters explain no more than what is missing of the media."""
    missing = row.onto_link - row.off_link
    for what in (each for each in FATES if each.startswith(LOST)):
        packets = _up_to(missing, getattr(row.counters, what))
        missing -= packets
        yield Entry(fate_name(what), packets, told=False)
    if _is_cut(plan, Direction(row.source, row.destination)):
        yield Entry("port down", max(0, missing), told=False)


def _up_to(missing: int, counted: int) -> int:
    return max(0, min(missing, counted))


def _goes_down(plan: Plan, cluster: str) -> bool:
    return any(cluster in direction for direction in plan.topology.directions if _is_cut(plan, direction))


def _is_cut(plan: Plan, direction: Direction) -> bool:
    """Whether a port of this direction is planned to go down."""
    return any(fault.change.up is False and direction in fault.directions for fault in plan.faults)


def _counter(machine: MachineReport, name: str) -> int:
    return machine.counters.get(name, 0)
