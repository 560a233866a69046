"""Brings a run to rest, from its sources to its listeners, so that every packet lies where somebody counts it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic, sleep

import numpy as np

from hostio.network_statistics import changed, dropped_on_receipt, udp_statistics
from relay_app.fate_log import FateLog, left_behind
from relay_app.messages import Still, StopForwarding, StopSending
from relay_app.records import RELAY_FATE
from relay_app.sessions import MEDIA_PORTS
from results.machine import HostRow, LinkRow
from results.plan import Plan, is_wired
from results.rundir import RunDir
from scenarios.crew import ask
from scenarios.media_crew import MediaCrew
from scenarios.posts.relay import RelayPost
from scenarios.scratch import fate_log
from topologies.fabric import Fabric
from topologies.links import LinkBackend, LinkEnd
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
        taps = MediaTaps(plan.topology, MEDIA_PORTS, wired=is_wired(plan))
        return cls(taps, pids, {name: udp_statistics(pid) for name, pid in pids.items()})

    def settled(self) -> MediaCounts:
        """The counts once they stand still, or after a second."""
        deadline = monotonic() + _SETTLED_WITHIN_S
        counts, before = self.taps.read(), None
        while counts != before and monotonic() < deadline:
            sleep(_LOOK_AGAIN_S)
            counts, before = self.taps.read(), counts
        return counts

    def hosts(self, counts: MediaCounts) -> tuple[HostRow, ...]:
        """What crossed each host's port, and what its UDP counted."""
        return tuple(
            HostRow(name, counts.from_host[name], counts.to_host[name], changed(before, udp_statistics(pid)))
            for (name, pid), before in zip(self.host_pids.items(), self.udp_before.values(), strict=True)
        )

    def backlog_drops(self) -> dict[str, int]:
        """Frames that the kernel dropped on their way to an interface of switch or link, or to and within a host."""
        to_hosts = {name: sum(dropped_on_receipt(pid).values()) for name, pid in self.host_pids.items()}
        return {**dropped_on_receipt(os.getpid()), **to_hosts}


def bring_to_rest(media: MediaCrew, links: LinkBackend, observers: Observers) -> tuple[LinkEnd, MediaCounts]:
    """Sources first, then relays, then links. What is under way then waits on a link or in a socket."""
    ask((*media.clients, *media.probers), StopSending(), Still(), _STILL_WITHIN_S)
    relays = [post.member for post in media.relays if post.member]
    ask(relays, StopForwarding(), Still(), _STILL_WITHIN_S)
    observers.settled()
    return links.end(), observers.settled()


def link_rows(topology: Topology, end: LinkEnd, counts: MediaCounts) -> tuple[LinkRow, ...]:
    """Every direction, as its back end and the interfaces at its ends counted."""
    onto_link = {**end.onto_link, **counts.onto_link}
    return tuple(
        LinkRow(*each, end.counters[each], onto_link.get(each, 0), counts.off_link[each])
        for each in topology.directions
    )


def keep_relay_fates(relays: Sequence[RelayPost], run: RunDir) -> dict[str, Mapping[str, int]]:
    """Put what the relays noted down with the records; what each had in hand at its end, all lives, as a counter."""
    in_hand: dict[str, Mapping[str, int]] = {}
    for post in relays:
        logs = [FateLog.read(fate_log(post.cluster, life)) for life in range(post.lives)]
        ended = post.lives if post.member is None else post.lives - 1
        rows = [left_behind(rows) if life < ended else rows for life, (rows, _) in enumerate(logs)]
        found = np.array(post.remains.left_behind, RELAY_FATE)
        np.save(run.staged(run.relay_fates(post.cluster)), np.concatenate([*rows, found]))
        in_hand[post.name] = {"in_hand": sum(count for _, count in logs)}
    return in_hand
