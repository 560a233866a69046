"""Run directories made by arithmetic, whose true loss, latency and interruptions are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from synthetic_machine import core_samples, machine, machine_samples, probes
from synthetic_media import BLIP, EAST, START, TRIANGLE, plan, received, sent, without

from controller.decisions import Decision
from hostio.timing import MS, S
from relay_app.locks.report import LockReport
from relay_app.records import FETCH, RECEIVED, RELAY_FATE, RELAY_SAMPLE, SENT
from relay_app.streams import Stream, streams_of
from results.metrics.analysis import Evidence
from results.run_files import documents
from results.run_files.events import End, FaultEdge, MediaStart, Phase
from results.run_files.hold_ups import HOLD_UP, RUN_DELAY
from results.run_files.machine import (
    HostRow,
    LinkRow,
    MachineReport,
)
from results.run_files.plan import Expectation
from results.run_files.records import Rows, write_rows, write_sessions
from results.run_files.relay_program import RelayProgram
from results.run_files.run_dir import RunDir
from topologies.link_backend import FATES, FRAME_FATE, LinkCounters
from topologies.model import Direction


@dataclass(frozen=True)
class Blip:
    """A 2 s blackhole at 4 s, rerouted at `rerouted_s`, direct again from `returned_s`; no jitter unless asked.
    `kept_ms`: for how long the relay keeps packets."""

    sessions: int = 4
    rerouted_s: float = 4.28
    returned_s: float = 9.1
    noise: float = 0.0
    kept_ms: float = 0.0
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
        longer += round(self.kept_ms * MS)
        noise = random.gamma(2.0, 120_000 * self.noise, len(kept)).astype(np.int64)
        latency = np.where(over, longer, direct).astype(np.int64) + noise
        return received(kept, latency, np.where(over, _path(ends, 2), _path(ends)))


def with_media(evidence: Evidence, media: str) -> Evidence:
    """With other media in all streams."""
    streams = tuple(replace(each, media=media) for each in evidence.recording.streams)
    return replace(evidence, recording=replace(evidence.recording, streams=streams))


def with_relay(evidence: Evidence, cluster: str, *, path_log: bool) -> Evidence:
    """With a program as the relay of a cluster."""
    relays, program = evidence.plan.relays, RelayProgram("/mine", ("/mine/relay",), writes_path_log=path_log)
    relays = replace(relays, versions={**relays.versions, cluster: "mine"}, programs={"mine": program})
    return replace(evidence, plan=replace(evidence.plan, relays=relays))


def _sent(index: int, each: Stream) -> Rows:
    return sent(each.ssrc, 600, first_seq=65_000, start_ns=START + index * MS // 8)


def _path(ends: tuple[str, str], *via: int) -> int:
    ordinals = [TRIANGLE.cluster(ends[0]).ordinal, *via, TRIANGLE.cluster(ends[1]).ordinal]
    return sum(ordinal << (8 * place) for place, ordinal in enumerate(ordinals))


def _relay_samples() -> Rows:
    rows = np.zeros(2, RELAY_SAMPLE)
    rows["at_ns"] = START, START + 12 * S
    rows["received"] = 0, 1000
    rows["forwarded"] = 0, 1000
    return rows
