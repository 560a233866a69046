"""The balances of the stations that a packet passes: hosts, switches and directions of links. Pure.

Packets in and out are counted by the kernel at the interfaces between stations; losses by the process, socket, switch
port or queue that lost them. Counters of media alone, and records of single packets, are taken as they are. The others
count frames of all kinds (probes, ARP, control), so each explains at most as many packets as are still missing
(`up_to`). They are applied from the most specific to the least: receive backlog, socket, switch port, port down. A veth
counts a frame that its peer's backlog refuses as a transmit drop too, so that the counter of a switch port may repeat
what the backlog counted; applied first, it would blame the port. A port that is down has no counter of its own, and so
comes last: it takes what is left. So does a switch that lost its flow rules by plan: Open vSwitch counts lookups
without a match, but adds up to a second of them to rules that come or go meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from relay_app.records import LEFT, RELAY_COUNTERS, RELAY_FATE
from results.ledger.link_balances import link_station
from results.ledger.packet_fates import is_of_stream, reason_name
from results.ledger.station import (
    Entry,
    Station,
    balanced,
    corrupts_uncounted,
    lost_to_backlog,
    overflow_of_media,
    port_goes_down,
    refused_by_filters,
    up_to,
)
from results.metrics.analysis import Evidence
from results.run_files.machine import HostRow, MachineReport, ProcessId
from results.run_files.plan import Plan
from topologies.interface_names import switch, switch_lan_port, switch_port, wire_port
from topologies.model import Cluster

_DROPPED = "dropped_"


def stations(evidence: Evidence) -> Iterator[Station]:
    """The balance of every host, switch and direction of a link; none if interfaces were not counted."""
    machine = evidence.machine
    if machine is None or not machine.hosts:
        return
    for row in machine.hosts:
        yield _host(evidence, machine, row)
        yield _switch(evidence.plan, machine, evidence.plan.topology.cluster(row.cluster), row)
    for link in machine.links:
        yield link_station(evidence, machine, link)


def _host(evidence: Evidence, machine: MachineReport, row: HostRow) -> Station:
    recording, name = evidence.recording, row.cluster
    came_in = len(recording.sent.get(name, ())) + _of_testbed(machine, name, "sent") + row.to_host
    went_out = len(recording.received.get(name, ())) + _of_testbed(machine, name, "arrived")
    entries = [*_relay_entries(evidence, machine, name), *_socket_entries(machine, row)]
    missing = came_in - went_out - row.from_host - sum(entry.packets for entry in entries)
    lan_port = switch_lan_port(evidence.plan.topology.cluster(name).ordinal)
    backlog = lost_to_backlog(missing, machine, name, lan_port)
    missing -= backlog.packets
    # Of the host's UDP counters, after all that is known of its sockets: datagrams to a port without a socket, and
    # those that a closing socket refused. Both include probes and other traffic.
    no_socket = Entry("no socket at its port", up_to(missing, row.udp.get("NoPorts", 0)), told=False)
    refused = Entry("its socket was closing", up_to(missing - no_socket.packets, refused_by_filters(row)), told=False)
    entries += [backlog, no_socket, refused]
    if evidence.plan.program_of(name):
        # A program does not say what it dropped or sent twice: that is what is left.
        rest = missing - no_socket.packets - refused.packets
        entries.append(Entry("inside relay" if rest > 0 else "copies", rest, told=False))
    return balanced(
        f"host {name}",
        came_in,
        went_out + row.from_host,
        entries,
        corrupted_uncounted=corrupts_uncounted(evidence.plan),
    )


def _of_testbed(machine: MachineReport, name: str, verb: Literal["sent", "arrived"]) -> int:
    """Canaries, and refreshes of permissions and checks of consent, of a host."""
    canaries = machine.counter(ProcessId("prober", name), f"{verb}_canaries")
    return canaries + machine.counter(ProcessId("client", name), f"{verb}_refreshes")


def _relay_entries(evidence: Evidence, machine: MachineReport, name: str) -> Iterator[Entry]:
    """Packets that the relay dropped or held at its end. Those that are no RTP, or of no stream, are unattributed."""
    fates = evidence.recording.relay_fates.get(name, np.empty(0, RELAY_FATE))
    attributed = is_of_stream(evidence, fates)
    for known in (True, False):
        reasons, counts = np.unique(fates["reason"][attributed == known], return_counts=True)
        for reason, count in zip(reasons.tolist(), counts.tolist(), strict=True):
            yield Entry(f"relay: {reason_name(reason)}", count, told=known)
    recorded = int(np.count_nonzero(fates["reason"] < LEFT))
    yield Entry("relay: dropped", max(0, _dropped(evidence, name) - recorded), told=False)
    yield Entry("relay: in hand when it ended", machine.counter(ProcessId("relay", name), "in_hand"), told=False)


def _dropped(evidence: Evidence, name: str) -> int:
    samples = evidence.recording.relays.get(name)
    if samples is None or not len(samples):
        return 0
    return sum(int(samples[-1][each]) for each in RELAY_COUNTERS if each.startswith(_DROPPED))


def _socket_entries(machine: MachineReport, row: HostRow) -> Iterator[Entry]:
    """Packets lost at full receive buffers, and datagrams that the client could not parse as RTP."""
    yield Entry("receive buffers full", overflow_of_media(machine, row), told=False)
    yield Entry("client: no RTP", machine.counter(ProcessId("client", row.cluster), "malformed"), told=False)


def _switch(plan: Plan, machine: MachineReport, cluster: Cluster, host: HostRow) -> Station:
    """The balance of a cluster's switch."""
    arriving = [link for link in machine.links if link.destination == cluster.name]
    leaving = [link for link in machine.links if link.source == cluster.name]
    came_in = host.from_host + sum(link.off_link for link in arriving)
    went_out = host.to_host + sum(link.onto_link for link in leaving)
    missing = came_in - went_out
    here, others = cluster.ordinal, [plan.topology.cluster(link.destination).ordinal for link in leaving]
    ports = [switch_lan_port(here), *(switch_port(here, other) for other in others)]
    # The kernel counts frames for an interface that is down as backlog drops as well. Where a port was planned to go
    # down the two cannot be distinguished, and all is attributed to the port.
    down_planned = _goes_down(plan, cluster.name)
    backlog = lost_to_backlog(0 if down_planned else missing, machine, *(wire_port(here, other) for other in others))
    missing -= backlog.packets
    unread = sum(row.drops for row in machine.sockets_of(ProcessId("ovs-vswitchd")) if row.socket in ports)
    sockets = up_to(missing, unread)
    counted = sum(row.drops for row in machine.port_drops if row.switch == switch(here) and row.port in ports)
    dropped = up_to(missing - sockets, counted)
    rest = max(0, missing - sockets - dropped)
    forgets = cluster.name in plan.forgetful_switches and not down_planned
    entries = (
        backlog,
        Entry("receive buffer full", sockets, told=False),
        Entry("dropped by a port", dropped, told=False),
        Entry("port down", rest if down_planned else 0, told=False),
        Entry("no flow rule", rest if forgets else 0, told=False),
    )
    return balanced(f"switch {cluster.name}", came_in, went_out, entries, corrupted_uncounted=corrupts_uncounted(plan))


def _goes_down(plan: Plan, cluster: str) -> bool:
    return any(cluster in direction for direction in plan.topology.directions if port_goes_down(plan, direction))
