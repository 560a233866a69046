"""Brings a run to rest, from its sources to its listeners, so that every packet lies where somebody counts it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hostio.procfs import counter_growth, receive_drops, udp_statistics
from hostio.timing import wait_until
from relay_app.forwarding.fate_log import FateLog, left_behind
from relay_app.messages import Quiesced, StopForwarding, StopSending
from relay_app.records import RELAY_FATE
from relay_app.streams import MEDIA_PORTS
from results.run_files.machine import HostRow, LinkRow
from results.run_files.plan import Plan
from results.run_files.run_dir import RunDir
from scenarios.process_faults.relay import SupervisedRelay
from scenarios.run.media_processes import MediaProcesses
from scenarios.supervision.processes import request_all
from scenarios.supervision.run_control import fate_log
from topologies.fabric import Fabric
from topologies.link_backend import LinkBackend, LinkEnd
from topologies.media_taps import MediaCounts, MediaTaps
from topologies.model import Topology

_STILL_WITHIN_S = 10.0
_SETTLED_WITHIN_S = 1.0
_LOOK_AGAIN_S = 0.02


@dataclass(frozen=True, slots=True)
class Observers:
    """Whoever counts packets without having a hand in them: interfaces, and the hosts' UDP."""

    taps: MediaTaps
    host_pids: Mapping[str, int]
    udp_before: Mapping[str, Mapping[str, int]]

    @classmethod
    def watch(cls, plan: Plan, fabric: Fabric) -> Observers:
        """Count from now on."""
        pids = {cluster.name: fabric.host_pid(cluster.name) for cluster in plan.topology.clusters}
        taps = MediaTaps(plan.topology, MEDIA_PORTS, inner_ends=plan.link_capabilities.inner_ends)
        return cls(taps, pids, {name: udp_statistics(pid) for name, pid in pids.items()})

    def settled(self) -> MediaCounts:
        """The counts once they stand still, or after a second."""
        read: list[MediaCounts] = []

        def stand_still() -> bool:
            read.append(self.taps.read())
            return len(read) > 1 and read[-1] == read[-2]

        wait_until(stand_still, _SETTLED_WITHIN_S, _LOOK_AGAIN_S)
        return read[-1]

    def hosts(self, counts: MediaCounts) -> tuple[HostRow, ...]:
        """What crossed each host's port, and what its UDP counted."""
        return tuple(
            HostRow(name, counts.from_host[name], counts.to_host[name], counter_growth(before, udp_statistics(pid)))
            for (name, pid), before in zip(self.host_pids.items(), self.udp_before.values(), strict=True)
        )

    def backlog_drops(self) -> dict[str, int]:
        """Frames that the kernel dropped on their way to an interface of switch or link, or to and within a host."""
        to_hosts = {name: sum(receive_drops(pid).values()) for name, pid in self.host_pids.items()}
        return {**receive_drops(os.getpid()), **to_hosts}


def quiesce(media: MediaProcesses, links: LinkBackend, observers: Observers) -> tuple[LinkEnd, MediaCounts]:
    """Sources first, then relays, then links. What is under way then waits on a link or in a socket."""
    request_all((*media.clients, *media.probers), StopSending(), Quiesced(), _STILL_WITHIN_S)
    relays = [relay.running for relay in media.relays.values() if relay.running]
    request_all(relays, StopForwarding(), Quiesced(), _STILL_WITHIN_S)
    observers.settled()
    return links.end(), observers.settled()


def link_rows(topology: Topology, end: LinkEnd, counts: MediaCounts) -> tuple[LinkRow, ...]:
    """Every direction, as its back end and the interfaces at its ends counted."""
    onto_link = {**end.onto_link, **counts.onto_link}
    return tuple(
        LinkRow(*each, end.counters[each], onto_link.get(each, 0), counts.off_link[each])
        for each in topology.directions
    )


def collect_relay_fates(relays: Mapping[str, SupervisedRelay], run: RunDir) -> dict[str, Mapping[str, int]]:
    """Put what the relays noted down with the records; what each had in hand at its end, all lives, as a counter."""
    in_hand: dict[str, Mapping[str, int]] = {}
    for cluster, relay in relays.items():
        logs = [FateLog.read(fate_log(cluster, life)) for life in range(relay.lives)]
        ended = relay.lives if relay.running is None else relay.lives - 1
        rows = [left_behind(rows) if life < ended else rows for life, (rows, _) in enumerate(logs)]
        found = np.array(relay.ended_counters.left_behind, RELAY_FATE)
        np.save(run.staged(run.relay_fates(cluster)), np.concatenate([*rows, found]))
        in_hand[relay.name] = {"in_hand": sum(count for _, count in logs)}
    return in_hand
