"""Assembles the machine report from what processes said when they were stopped, and from what was counted for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hostio.control import Stopped
from hostio.histogram import Lateness
from results.run_files.machine import CounterRow, LatenessRow, ProcessId, SocketRow
from scenarios.run.media_processes import MediaProcesses
from topologies.model import Cluster

SWITCH_DAEMON = ProcessId("ovs-vswitchd")
WIRE = ProcessId("wire")


@dataclass(frozen=True, slots=True)
class ProcessCounts:
    """One part of what is known of a process: `counters` and `socket_drops` by name, `lateness` by thread and, for a
    life that ended by plan, its number."""

    process: ProcessId
    counters: Mapping[str, int] = field(default_factory=dict)
    socket_drops: Mapping[str, int] = field(default_factory=dict)
    lateness: Mapping[tuple[str, int | None], Lateness] = field(default_factory=dict)


def process_counts(
    media: MediaProcesses,
    clusters: Sequence[Cluster],
    stopped: Mapping[str, Stopped],
    in_hand: Mapping[str, Mapping[str, int]],
) -> Iterator[ProcessCounts]:
    """Of every process: what it said when it was stopped, by process name, what its ended lives had counted, and what
    those had `in_hand`, by process name."""
    identities = _identities(media, clusters)
    for name, said in stopped.items():
        lateness: dict[tuple[str, int | None], Lateness] = {
            (thread, None): each for thread, each in said.lateness.items()
        }
        yield ProcessCounts(identities[name], said.counters, said.socket_drops, lateness)
    for relay in media.relays.values():
        ended = relay.ended_counters
        yield ProcessCounts(identities[relay.name], ended.counters, ended.socket_drops, ended.lateness)
        yield ProcessCounts(identities[relay.name], in_hand[relay.name])


def _identities(media: MediaProcesses, clusters: Sequence[Cluster]) -> dict[str, ProcessId]:
    """By process name."""
    names = [cluster.name for cluster in clusters]
    return {
        "monitor": ProcessId("monitor"),
        **{relay.name: ProcessId("relay", cluster) for cluster, relay in media.relays.items()},
        **{each.name: ProcessId("client", name) for each, name in zip(media.clients, names, strict=True)},
        **{each.name: ProcessId("prober", name) for each, name in zip(media.probers, names, strict=True)},
        **{each.name: ProcessId("peer", name) for each, name in zip(media.peers, names, strict=bool(media.peers))},
    }


def counter_rows(counts: Iterable[ProcessCounts]) -> tuple[CounterRow, ...]:
    """A row per counter of a process, added up over its parts."""
    total = _added((each.process, each.counters) for each in counts)
    return tuple(CounterRow(process, counter, count) for (process, counter), count in total.items())


def socket_rows(counts: Iterable[ProcessCounts], switch_ports: Mapping[str, int]) -> tuple[SocketRow, ...]:
    """A row per socket of a process, added up over its parts; `switch_ports`: drops of the switch daemon's sockets."""
    total = _added([*((each.process, each.socket_drops) for each in counts), (SWITCH_DAEMON, switch_ports)])
    return tuple(SocketRow(process, socket, drops) for (process, socket), drops in total.items())


def lateness_rows(counts: Iterable[ProcessCounts], wire: Lateness | None) -> tuple[LatenessRow, ...]:
    """A row per thread and life; `wire`: of the frames that the userspace wire released, if it emulates the links."""
    threads = (
        LatenessRow(each.process, thread, ended_life, lateness)
        for each in counts
        for (thread, ended_life), lateness in each.lateness.items()
    )
    return (*threads, *([LatenessRow(WIRE, "release", None, wire)] if wire else []))


def _added(parts: Iterable[tuple[ProcessId, Mapping[str, int]]]) -> Mapping[tuple[ProcessId, str], int]:
    total: Counter[tuple[ProcessId, str]] = Counter()
    for process, counts in parts:
        total.update({(process, name): count for name, count in counts.items()})
    return total
