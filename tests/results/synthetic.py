"""Run directories made by arithmetic, whose true loss, latency and interruptions are known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from controller.decisions import Decision
from controller.settings import ControllerSettings
from hostio.histogram import Lateness, lateness_of
from hostio.lateness_compiled import count_late, empty_lateness, watch
from hostio.timing import MS, US, S
from relay_app.locks.report import LockReport
from relay_app.records import FETCH, PROBE, RECEIVED, RELAY_FATE, RELAY_SAMPLE, SENT
from relay_app.streams import SessionGroup, Stream, streams_of
from results.metrics.matching import Ints
from results.run_files import documents
from results.run_files.events import End, FaultEdge, MediaStart, Phase
from results.run_files.faults import Fault, LinkFault
from results.run_files.hold_ups import HOLD_UP, RUN_DELAY, HoldUpPlace, HoldUps, RunDelayPlace
from results.run_files.machine import (
    CORE_SAMPLE,
    MACHINE_SAMPLE,
    CounterRow,
    HostRow,
    LatenessRow,
    LinkRow,
    MachineReport,
    ProcessId,
    ProcessKind,
    SocketRow,
)
from results.run_files.plan import Environment, Expectation, Plan, RelaySettings
from results.run_files.records import Recording, Rows, write_rows, write_sessions
from results.run_files.run_dir import RunDir
from topologies.link_backend import FATES, FRAME_FATE, LinkCounters
from topologies.link_state import LinkChange
from topologies.model import Cluster, Direction, Link, Topology
from topologies.openvswitch import DatapathStats, PortDrops

START = 1_000 * S
"""Media start on the monotonic clock."""

VOICE = 20 * MS

NO_FRAMES = np.empty(0, FRAME_FATE)

TRIANGLE = Topology(
    "us-triangle",
    (Cluster("us-east", 1), Cluster("us-central", 2), Cluster("us-west", 3)),
    (
        Link("us-east", "us-central", 15_300_000),
        Link("us-east", "us-west", 31_150_000),
        Link("us-central", "us-west", 25_250_000),
    ),
)

EAST = "us-east"
DIRECT_EAST_WEST = 1 | 3 << 8
VIA_CENTRAL = 1 | 2 << 8 | 3 << 16


def stream(
    ssrc: int = 0xABCD0001, source: str = "us-east", destination: str = "us-west", media: str = "voice"
) -> Stream:
    return Stream(ssrc, "s-0000", "s", source, destination, media)


def sent(ssrc: int, count: int, *, first_seq: int = 0, start_ns: int = START, interval_ns: int = VOICE) -> Rows:
    """Packets sent exactly when due."""
    rows = np.zeros(count, SENT)
    rows["ssrc"] = ssrc
    rows["seq"] = first_seq + np.arange(count)
    rows["due_ns"] = rows["sent_ns"] = start_ns + interval_ns * np.arange(count, dtype=np.int64)
    return rows


def received(rows: Rows, latency_ns: int | Ints, path: int | Ints = DIRECT_EAST_WEST) -> Rows:
    """These sent packets, all of which arrive."""
    found = np.zeros(len(rows), RECEIVED)
    found["ssrc"] = rows["ssrc"]
    found["seq"] = rows["seq"] % 65536
    found["path"] = path
    found["sent_ns"] = rows["sent_ns"]
    found["received_ns"] = rows["sent_ns"] + latency_ns
    return found


def without(rows: Rows, *gaps: tuple[float, float]) -> Rows:
    """These packets but those sent within gaps, in seconds after the start."""
    after = (rows["sent_ns"] - START) / S
    kept = np.ones(len(rows), dtype=bool)
    for start, end in gaps:
        kept &= (after < start) | (after >= end)
    remaining: Rows = rows[kept]
    return remaining


def recording(streams: Sequence[Stream], sent_rows: Iterable[Rows], received_rows: Iterable[Rows]) -> Recording:
    """All packets in the hands of the first stream's ends."""
    source, destination = streams[0].source, streams[0].destination
    return Recording(
        tuple(streams),
        {source: np.concatenate([np.empty(0, SENT), *sent_rows])},
        {destination: np.concatenate([np.empty(0, RECEIVED), *received_rows])},
        {},
        {},
        {},
        {},
        {},
        NO_FRAMES,
        (),
    )


def plan(
    *,
    sessions: int = 4,
    duration_ns: int = 12 * S,
    faults: tuple[Fault, ...] = (),
    expectations: tuple[Expectation, ...] = (),
) -> Plan:
    environment = Environment(
        link_backend="userspace",
        link_backend_reason="no sch_netem",
        link_backend_seeded=True,
        clock="real",
        datapath="user",
        datapath_reason="no openvswitch module",
        kernel="6.1",
        cpus=2,
        privilege="root",
        versions={"blipnet": "0.1.0"},
    )
    return Plan(
        scenario="one-blip",
        description="a blip",
        seed=7,
        duration_ns=duration_ns,
        topology=TRIANGLE,
        sessions=(SessionGroup("voice", "us-east", "us-west", sessions, "voice"),),
        relays=RelaySettings("us-central", {"us-central": 1.0}),
        controller=ControllerSettings(),
        faults=faults,
        expectations=expectations,
        wire_tick_ns=250_000,
        environment=environment,
    )


BLIP = LinkFault(
    what="blackhole",
    at_ns=4 * S,
    until_ns=6 * S,
    directions=(Direction("us-east", "us-west"), Direction("us-west", "us-east")),
    change=LinkChange(blackhole=True),
)

NO_COUNTERS = LinkCounters()


def machine(counters: LinkCounters = NO_COUNTERS) -> MachineReport:
    links = tuple(LinkRow(*direction, counters, 0, 0) for direction in TRIANGLE.directions)
    return MachineReport(
        counters=(
            CounterRow(ProcessId("client", EAST), "refused", 0),
            CounterRow(ProcessId("monitor"), "run_delay_samples", 14),
        ),
        socket_drops=(SocketRow(ProcessId("relay", EAST), "lane 0", 0),),
        port_drops=(PortDrops("s1", "s1-w3", "rx", 0),),
        backlog_drops={"s1-lan": 0},
        links=links,
        hosts=(),
        lateness=tuple(lateness_row(process, thread) for process, thread in timed_threads()),
        lookups=DatapathStats(1000, 20, 0),
        memory_bytes=300_000_000,
        ended_early=(),
    )


def timed_threads() -> Iterator[tuple[ProcessId, str]]:
    """Every thread that keeps time, where the userspace wire emulates the links."""
    kinds: tuple[tuple[ProcessKind, str], ...] = (
        ("relay", "forward"),
        ("prober", "probe"),
        ("client", "send"),
        ("client", "receive"),
    )
    for kind, thread in kinds:
        yield from ((ProcessId(kind, cluster.name), thread) for cluster in TRIANGLE.clusters)
    yield ProcessId("wire"), "release"


def lateness_row(process: ProcessId, thread: str, *late_ms: float) -> LatenessRow:
    """A thread of a process that was punctual but for these wake-ups."""
    return LatenessRow(process, thread, None, punctual(*late_ms))


def punctual(*late_ms: float) -> Lateness:
    """A hundred wake-ups that were 50 µs late, and these."""
    lateness = empty_lateness()
    watch(lateness, 0, 1)
    for late_ns in (*[50 * US] * 100, *(round(each * MS) for each in late_ms)):
        count_late(lateness, 0, late_ns)
    return lateness_of(lateness)


SECONDS = 13
"""How long the machine is sampled: a second longer than the media."""


def machine_samples(own: float = 0.3) -> Rows:
    """Once a second, of which the run's processes use so much."""
    rows = np.zeros(SECONDS + 1, MACHINE_SAMPLE)
    rows["at_ns"] = START + S * np.arange(SECONDS + 1)
    rows["clock_offset_ns"] = 5 * S
    rows["own_ns"] = own * (rows["at_ns"] - START)
    return rows


def core_samples(cores: int = 2) -> Rows:
    """Each core with a fifth of its time in processes, and a twentieth in interrupts."""
    rows = np.zeros(cores * (SECONDS + 1), CORE_SAMPLE)
    rows["core"] = np.tile(np.arange(cores), SECONDS + 1)
    passed = S * np.repeat(np.arange(SECONDS + 1), cores)
    rows["at_ns"] = START + passed
    for column, share in (("busy_ns", 0.2), ("interrupt_ns", 0.05), ("idle_ns", 0.75)):
        rows[column] = share * passed
    rows["softnet_processed"] = passed // MS
    return rows


def hold_ups() -> HoldUps:
    """The relay of us-west and core 1 for 40 ms from 2 s on; the directory waited for 300 ms in that second."""
    from_ns, until_ns = START + 2 * S, START + 2 * S + 40 * MS
    late = [(HoldUpPlace.RELAY, 3, from_ns, until_ns), (HoldUpPlace.CORE, 1, from_ns - MS, until_ns)]
    waits = [(RunDelayPlace.DIRECTORY, 2, from_ns, from_ns + S, 300 * MS)]
    return HoldUps(np.array(late, HOLD_UP), np.array(waits, RUN_DELAY))


@dataclass(frozen=True)
class Blip:
    """A 2 s blackhole at 4 s, rerouted at `rerouted_s`, direct again from `returned_s`; no jitter unless asked."""

    sessions: int = 4
    rerouted_s: float = 4.28
    returned_s: float = 9.1
    noise: float = 0.0
    expectations: tuple[Expectation, ...] = ()

    def write(self, root: Path) -> RunDir:
        run = RunDir(root)
        root.mkdir(parents=True, exist_ok=True)
        the_plan = plan(sessions=self.sessions, faults=(BLIP,), expectations=self.expectations)
        run.plan.write_text(documents.dump(the_plan))
        run.events.write_text("".join(map(documents.dump_line, self.events())))
        run.decisions.write_text("".join(map(documents.dump_line, self.decisions())))
        run.machine.write_text(documents.dump(self.machine()))
        write_rows(run.link_fates, self._link_fates())
        streams = streams_of(the_plan.sessions, the_plan.seed)
        write_sessions(run, streams)
        write_rows(run.machine_samples, machine_samples())
        write_rows(run.core_samples, core_samples())
        write_rows(run.hold_ups, np.empty(0, HOLD_UP))
        write_rows(run.run_delays, np.empty(0, RUN_DELAY))
        random = np.random.default_rng(1)
        for cluster in TRIANGLE.clusters:
            self._write_raw(run, streams, cluster.name, random)
        return run

    def events(self) -> list[documents.Event]:
        edges: list[documents.Event] = [
            FaultEdge(0, "start", START + 4 * S, START + 4 * S + MS, START + 4 * S + 2 * MS, START + 4 * S + 3 * MS),
            FaultEdge(0, "end", START + 6 * S, START + 6 * S, START + 6 * S + MS, START + 6 * S + 2 * MS),
        ]
        end = End(START + 13 * S, START + 12 * S, interrupted=False)
        return [Phase("fabric up", START - S), MediaStart(START), *edges, end]

    def decisions(self) -> list[Decision]:
        moves = (("us-central", self.rerouted_s, "no probe for 250 ms"), (None, self.returned_s, "clean for 3 s"))
        return [
            Decision("us-east", "us-west", via, tuple(range(16)), reason, at - 20 * MS, at - 19 * MS, at - 18 * MS, at)
            for via, at_s, reason in moves
            for at in [START + round(at_s * S)]
        ]

    def _write_raw(self, run: RunDir, streams: Sequence[Stream], cluster: str, random: np.random.Generator) -> None:
        out = [_sent(index, each) for index, each in self._of(streams, "source", cluster)]
        arriving = self._of(streams, "destination", cluster)
        into = [self._arrivals(each, _sent(index, each), random) for index, each in arriving]
        write_rows(run.sent(cluster), np.concatenate([np.empty(0, SENT), *out]))
        write_rows(run.received(cluster), np.concatenate([np.empty(0, RECEIVED), *into]))
        write_rows(run.relay(cluster), _relay_samples())
        write_rows(run.probes(cluster), probes(cluster))
        write_rows(run.fetches(cluster), np.empty(0, FETCH))
        write_rows(run.relay_fates(cluster), np.empty(0, RELAY_FATE))
        run.locks(cluster).parent.mkdir(exist_ok=True)
        run.locks(cluster).write_text(documents.dump(LockReport()))

    def machine(self) -> MachineReport:
        """What every counter says of just these packets."""
        lost, over = (
            sum(len(self._within(_sent(*each), *span)) for each in enumerate(self._streams()) if each[1].source == EAST)
            for span in ((4.0, self.rerouted_s), (self.rerouted_s, self.returned_s))
        )
        sent_each_way = 600 * self.sessions
        onto, off = sent_each_way - over, sent_each_way - over - lost
        direct, leg = LinkCounters(onto, off, lost_blackhole=lost), LinkCounters(over, over)
        links = tuple(
            LinkRow(*each, replace(leg, media=leg), over, over)
            if "us-central" in each
            else LinkRow(*each, replace(direct, media=direct), onto, off)
            for each in TRIANGLE.directions
        )
        ends = [HostRow(name, sent_each_way, sent_each_way - lost, {"NoPorts": 0}) for name in (EAST, "us-west")]
        hosts = (ends[0], HostRow("us-central", 2 * over, 2 * over, {"NoPorts": 0}), ends[1])
        return replace(machine(), links=links, hosts=hosts)

    def _streams(self) -> tuple[Stream, ...]:
        the_plan = plan(sessions=self.sessions)
        return streams_of(the_plan.sessions, the_plan.seed)

    def _within(self, rows: Rows, start_s: float, end_s: float) -> Rows:
        after_s = (rows["sent_ns"] - START) / S
        found: Rows = rows[(after_s >= start_s) & (after_s < end_s)]
        return found

    def _link_fates(self) -> Rows:
        """The blackhole took them as they came to the link."""
        parts = [np.empty(0, FRAME_FATE)]
        for index, each in enumerate(self._streams()):
            lost = self._within(_sent(index, each), 4.0, self.rerouted_s)
            rows = np.zeros(len(lost), FRAME_FATE)
            rows["ssrc"], rows["seq"], rows["at_ns"] = lost["ssrc"], lost["seq"] % 65536, lost["sent_ns"] + MS
            rows["direction"] = TRIANGLE.directions.index(Direction(each.source, each.destination))
            rows["what"] = FATES.index("lost_blackhole")
            parts.append(rows)
        return np.concatenate(parts)

    def _of(self, streams: Sequence[Stream], end: str, cluster: str) -> list[tuple[int, Stream]]:
        return [(index, each) for index, each in enumerate(streams) if getattr(each, end) == cluster]

    def _arrivals(self, each: Stream, rows: Rows, random: np.random.Generator) -> Rows:
        kept = without(rows, (4.0, self.rerouted_s))
        at_s = (kept["sent_ns"] - START) / S
        over = (at_s >= self.rerouted_s) & (at_s < self.returned_s)
        ends = (each.source, each.destination)
        direct, longer = TRIANGLE.one_way_ns(*ends), TRIANGLE.one_way_ns(ends[0], "us-central", ends[1])
        noise = random.gamma(2.0, 120_000 * self.noise, len(kept)).astype(np.int64)
        latency = np.where(over, longer, direct).astype(np.int64) + noise
        return received(kept, latency, np.where(over, _path(ends, 2), _path(ends)))


def _sent(index: int, each: Stream) -> Rows:
    return sent(each.ssrc, 600, first_seq=65_000, start_ns=START + index * MS // 8)


def probes(destination: str, excess_ns: int = 400_000) -> Rows:
    """What a cluster's prober receives of probes every 50 ms for 12 s, each so much later than emulated."""
    parts = []
    for direction in TRIANGLE.directions:
        rows = np.zeros(240 if direction.destination == destination else 0, PROBE)
        rows["source"] = TRIANGLE.cluster(direction.source).ordinal
        rows["sequence"] = np.arange(len(rows))
        rows["sent_ns"] = START + 50 * MS * np.arange(len(rows), dtype=np.int64)
        rows["received_ns"] = rows["sent_ns"] + TRIANGLE.one_way_ns(*direction) + excess_ns
        parts.append(rows)
    return np.concatenate(parts)


def _path(ends: tuple[str, str], *via: int) -> int:
    ordinals = [TRIANGLE.cluster(ends[0]).ordinal, *via, TRIANGLE.cluster(ends[1]).ordinal]
    return sum(ordinal << (8 * place) for place, ordinal in enumerate(ordinals))


def _relay_samples() -> Rows:
    rows = np.zeros(2, RELAY_SAMPLE)
    rows["at_ns"] = START, START + 12 * S
    rows["received"] = 0, 1000
    rows["forwarded"] = 0, 1000
    return rows
