"""Makes the rows of the machine report from final reports of processes, and from counters of lives that ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hostio.control import Stopped
from hostio.lateness import Lateness, Spans
from results.run_files.machine import CounterRow, LatenessRow, ProcessId, SocketRow
from scenarios.run.media_processes import MediaProcesses
from topologies.model import Cluster

SWITCH_DAEMON = ProcessId("ovs-vswitchd")
WIRE = ProcessId("wire")


@dataclass(frozen=True, slots=True)
class ProcessCounts:
    """Counters of a process from one source; a process has several, which are added up.

    `counters` and `socket_drops` are by name; `lateness` is by thread and number of the life, None for the last life;
    `hold_ups` by thread, of each life.
    """

    process: ProcessId
    counters: Mapping[str, int] = field(default_factory=dict)
    socket_drops: Mapping[str, int] = field(default_factory=dict)
    lateness: Mapping[tuple[str, int | None], Lateness] = field(default_factory=dict)
    hold_ups: Sequence[Mapping[str, Spans]] = ()


def process_counts(
    media: MediaProcesses,
    clusters: Sequence[Cluster],
    stopped: Mapping[str, Stopped],
    in_hand: Mapping[str, Mapping[str, int]],
) -> Iterator[ProcessCounts]:
    """The counts of every media process and of the monitor.

    `stopped`: final reports, by process name. `in_hand`: counters of packets that a relay's lives held when they ended,
    by process name. Counters of ended lives are taken from `media`.
    """
    identities = _identities(media, clusters)
    for name, report in stopped.items():
        lateness: dict[tuple[str, int | None], Lateness] = {
            (thread, None): each for thread, each in report.lateness.items()
        }
        yield ProcessCounts(identities[name], report.counters, report.socket_drops, lateness, (report.hold_ups,))
    for relay in media.relays.values():
        ended = relay.ended_counters
        yield ProcessCounts(
            identities[relay.name], ended.counters, ended.socket_drops, ended.lateness, tuple(ended.hold_ups)
        )
        yield ProcessCounts(identities[relay.name], in_hand[relay.name])
    for cluster, program in media.programs.items():
        ended, identity = program.ended_counters, ProcessId("relay", cluster)
        yield ProcessCounts(identity, ended.counters, ended.socket_drops, ended.lateness, tuple(ended.hold_ups))
        yield ProcessCounts(identity, in_hand[program.name])


def _identities(media: MediaProcesses, clusters: Sequence[Cluster]) -> dict[str, ProcessId]:
    """Typed identities of all processes, by process name."""
    names = [cluster.name for cluster in clusters]
    return {
        "monitor": ProcessId("monitor"),
        **{relay.name: ProcessId("relay", cluster) for cluster, relay in media.relays.items()},
        **{each.name: ProcessId("client", name) for each, name in zip(media.clients, names, strict=True)},
        **{each.name: ProcessId("prober", name) for each, name in zip(media.probers, names, strict=True)},
        **{each.name: ProcessId("scraper", cluster) for cluster, each in media.scrapers.items()},
        **{each.name: ProcessId("tap", cluster) for cluster, each in media.taps.items()},
        **{each.name: ProcessId("peer", name) for each, name in zip(media.peers, names, strict=bool(media.peers))},
    }


def counter_rows(counts: Iterable[ProcessCounts]) -> tuple[CounterRow, ...]:
    """A row per process and counter, added up over all counts of that process."""
    total = _added((each.process, each.counters) for each in counts)
    return tuple(CounterRow(process, counter, count) for (process, counter), count in total.items())


def socket_rows(counts: Iterable[ProcessCounts], switch_ports: Mapping[str, int]) -> tuple[SocketRow, ...]:
    """A row per process and socket; `switch_ports`: drops of the switch daemon's packet sockets, by port."""
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
