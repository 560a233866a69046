"""Stops the media of a run in the order in which packets travel, and reads the counters once they stand still.

After that every packet sent is in exactly one counter: received, dropped, or held in a socket or on a link.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hostio.files import write_array
from hostio.procfs import counter_growth, receive_drops, udp_statistics
from hostio.timing import wait_until
from relay_app.forwarding.fate_log import FateLog, left_behind
from relay_app.messages import Quiesced, StopForwarding, StopSending
from relay_app.ports import MEDIA_PORTS
from relay_app.records import RELAY_FATE
from results.run_files.machine import HostRow, LinkRow
from results.run_files.plan import Plan
from results.run_files.run_dir import RunDir
from scenarios.run.media_processes import MediaProcesses
from scenarios.supervision.processes import request_all
from scenarios.supervision.run_control import EventLog, fate_log
from topologies.fabric import Fabric
from topologies.link_backend import LinkBackend, LinkEnd
from topologies.media_taps import MediaCounts, MediaTaps
from topologies.model import Topology

_STILL_WITHIN_S = 10.0
_SETTLED_WITHIN_S = 1.0
_LOOK_AGAIN_S = 0.02


@dataclass(frozen=True, slots=True)
class Observers:
    """Counters that the kernel keeps, independent of media processes and link back end.

    `taps` count at interfaces; `host_pids` by cluster; `udp_before`: the hosts' UDP counters at the start, by cluster.
    """

    taps: MediaTaps
    host_pids: Mapping[str, int]
    udp_before: Mapping[str, Mapping[str, int]]

    @classmethod
    def watch(cls, plan: Plan, fabric: Fabric) -> Observers:
        """Take the first reading, and count from now on."""
        pids = {cluster.name: fabric.host_pid(cluster.name) for cluster in plan.topology.clusters}
        taps = MediaTaps(plan.topology, MEDIA_PORTS, inner_ends=plan.link_capabilities.inner_ends)
        return cls(taps, pids, {name: udp_statistics(pid) for name, pid in pids.items()})

    def settled(self) -> MediaCounts:
        """The interface counts once two readings, 20 ms apart, are equal, or after 1 s."""
        read: list[MediaCounts] = []

        def stand_still() -> bool:
            read.append(self.taps.read())
            return len(read) > 1 and read[-1] == read[-2]

        wait_until(stand_still, _SETTLED_WITHIN_S, _LOOK_AGAIN_S)
        return read[-1]

    def hosts(self, counts: MediaCounts) -> tuple[HostRow, ...]:
        """A row per host: media frames over its port, taken from `counts`, and the growth of its UDP counters."""
        return tuple(
            HostRow(name, counts.from_host[name], counts.to_host[name], counter_growth(before, udp_statistics(pid)))
            for (name, pid), before in zip(self.host_pids.items(), self.udp_before.values(), strict=True)
        )

    def backlog_drops(self) -> dict[str, int]:
        """Frames that the kernel dropped on receipt, by interface (switches, links) and by host."""
        to_hosts = {name: sum(receive_drops(pid).values()) for name, pid in self.host_pids.items()}
        return {**receive_drops(os.getpid()), **to_hosts}


def quiesce(
    plan: Plan, media: MediaProcesses, links: LinkBackend, observers: Observers, log: EventLog
) -> tuple[LinkEnd, MediaCounts]:
    """Stop sources, then relays, then links; returns the link back end's counts and the interface counts.

    The order is that in which packets travel. When a stage stops, nothing reaches it any more but what is on the way to
    it; stopped in another order, a stage would go on filling sockets whose counters are being read. What is under way
    at the end lies on a link or in a receiver's socket, and is counted there.
    """
    request_all((*media.clients, *media.probers), StopSending(), Quiesced(), _STILL_WITHIN_S)
    media.media_programs.stop_publishers()
    # Before the TURN servers, which are behind relays: peers release their allocations.
    media.webrtc_peers.stop()
    relays = [relay.running for relay in media.relays.values() if relay.running]
    request_all(relays, StopForwarding(), Quiesced(), _STILL_WITHIN_S)
    observers.settled()
    # A relay that is a program cannot be asked to forward no more: it is ended, once nothing reaches it any more.
    for end in media.end_programs(plan):
        log.add(end)
    return links.end(), observers.settled()


def link_rows(topology: Topology, end: LinkEnd, counts: MediaCounts) -> tuple[LinkRow, ...]:
    """A row per direction: the back end's counters, and media frames at the interfaces of both ends.

    Where no interface lies between switch and back end, media frames onto a link are those that the back end counted.
    """
    onto_link = {**end.onto_link, **counts.onto_link}
    return tuple(
        LinkRow(*each, end.counters[each], onto_link.get(each, 0), counts.off_link[each])
        for each in topology.directions
    )


def collect_relay_fates(plan: Plan, media: MediaProcesses, run: RunDir) -> dict[str, Mapping[str, int]]:
    """Write RELAY_FATE rows of all lives of each relay to the staging folder; of programs, those left in their sockets.

    Returns, by process name, the counter of packets that the lives of a relay of ours held when they ended.
    """
    in_hand: dict[str, Mapping[str, int]] = {}
    for cluster, program in media.programs.items():
        ours = [life for life, of in enumerate(plan.relay_lives(cluster)[: program.lives]) if of is None]
        logs = [FateLog.read(fate_log(cluster, life)) for life in ours]
        left = np.array(program.ended_counters.left_behind, RELAY_FATE)
        write_array(
            run.staged(run.relay_fates(cluster)), np.concatenate([*(left_behind(rows) for rows, _ in logs), left])
        )
        in_hand[program.name] = {"in_hand": sum(count for _, count in logs)}
    for cluster, relay in media.relays.items():
        logs = [FateLog.read(fate_log(cluster, life)) for life in range(relay.lives)]
        ended = relay.lives if relay.running is None else relay.lives - 1
        rows = [left_behind(rows) if life < ended else rows for life, (rows, _) in enumerate(logs)]
        found = np.array(relay.ended_counters.left_behind, RELAY_FATE)
        write_array(run.staged(run.relay_fates(cluster)), np.concatenate([*rows, found]))
        in_hand[relay.name] = {"in_hand": sum(count for _, count in logs)}
    return in_hand
