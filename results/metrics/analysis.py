"""The evidence of a run, and its analysis, made once for summary, tables and plots. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np

from controller.decisions import Decision
from relay_app.locks.report import LockReport
from relay_app.streams import spans_of
from results.metrics.absences import Absences, absences_of
from results.metrics.delay_bounds import NEVER_ENDS, delay_bounds
from results.metrics.frames import Frames, frames_of
from results.metrics.interruptions import Interruption, Pause, find_silences, nominal_intervals
from results.metrics.matching import Flags, Ints, Matched, match
from results.metrics.order import Order, order_of
from results.metrics.quality import Quality, quality_of
from results.metrics.speech import Speech, speech_of
from results.metrics.streams import Fates, Floats, fates, jitter
from results.run_files.decoder_log import DecodedMedia
from results.run_files.documents import ControllerRecord, Event
from results.run_files.events import End, FaultEdge, MediaStart
from results.run_files.faults import Fault
from results.run_files.flow_tables import FlowTables
from results.run_files.hold_ups import HoldUps
from results.run_files.machine import MachineReport, MachineSamples
from results.run_files.peer_log import PeerRecord
from results.run_files.plan import Plan
from results.run_files.program_samples import ProgramSamples
from results.run_files.records import Recording, Rows

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AppliedFault:
    """A fault that was in force from `from_ns` to `until_ns`, CLOCK_MONOTONIC."""

    fault: Fault
    from_ns: int
    until_ns: int

    def meets(self, from_ns: Ints | int, until_ns: Ints | int) -> Flags:
        """Whether it was in force at some time of each window."""
        return (np.asarray(until_ns) >= self.from_ns) & (np.asarray(from_ns) <= self.until_ns)


@dataclass(frozen=True)  # without slots: cached properties need a place
class Evidence:
    """The contents of a run directory. `problems`: one sentence per file that is missing, truncated or unreadable."""

    plan: Plan
    events: tuple[Event, ...]
    decisions: tuple[ControllerRecord, ...]
    machine: MachineReport | None
    samples: MachineSamples | None
    recording: Recording
    locks: Mapping[str, LockReport]
    """Lock audits, by cluster of the relay; of all its lives."""
    problems: tuple[str, ...]
    hold_ups: HoldUps | None = None
    """None: the run was made before they were recorded, or `problems` says why they cannot be read."""
    programs: ProgramSamples | None = None
    """None: no relay is a program, the run was made before they were sampled, or `problems` says why they cannot be
    read."""
    decoded: Mapping[int, DecodedMedia] = field(default_factory=dict)
    """What the decoders of other programs found, by SSRC; without those whose log cannot be read."""
    peers: Mapping[str, PeerRecord] = field(default_factory=dict)
    """What the peers of WebRTC calls said, by their names; without those whose log cannot be read."""
    link_bytes: Rows | None = None
    """LINK_SAMPLE; None: no link has a rate, the run was made before it was recorded, or `problems` says why it cannot
    be read."""
    flow_tables: FlowTables | None = None
    """Of the switches at the end; None: the run was made before they were recorded, or `problems` says why they cannot
    be read."""

    def of(self, kind: type[T]) -> list[T]:
        """The events, or the controller's records, of one type, in the order of the file."""
        return [record for record in (*self.events, *self.decisions) if isinstance(record, kind)]

    @cached_property
    def end(self) -> End | None:
        """The end of the run; None if it was not recorded."""
        return next(iter(self.of(End)), None)

    @cached_property
    def fault_edges(self) -> Mapping[tuple[int, str], FaultEdge]:
        """The edges of faults, by the fault's number in the plan and the kind of edge; of several levels the last."""
        return {(edge.fault, edge.edge): edge for edge in self.of(FaultEdge)}

    @cached_property
    def applied_faults(self) -> tuple[AppliedFault, ...]:
        """The faults of the plan that began, in its order."""
        return tuple(self._applied_faults())

    def _applied_faults(self) -> Iterator[AppliedFault]:
        for number, fault in enumerate(self.plan.faults):
            start, end = (self.fault_edges.get((number, edge)) for edge in ("start", "end"))
            if start:
                yield AppliedFault(fault, start.applied_first_ns, end.applied_last_ns if end else NEVER_ENDS)

    @cached_property
    def moves(self) -> list[Decision]:
        """Every installed move of traffic, in the order of installation."""
        return sorted(self.of(Decision), key=lambda decision: decision.installed_ns)


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """The media of a run, from `start_ns`, when the first packet was due, to `end_ns`, from when on none was.

    Both are 0 if neither an event nor a packet was recorded; times relative to the media start are then meaningless.
    `intervals`: nominal packet interval by media, ns; `jitter_ns`: by arrival.
    """

    start_ns: int
    end_ns: int
    matched: Matched
    speech: Speech
    fate: Fates
    intervals: Mapping[str, int]
    interruptions: tuple[Interruption, ...]
    pauses: tuple[Pause, ...]
    jitter_ns: Floats
    order: Order
    frames: Frames
    quality: Quality
    absences: Absences = field(default_factory=dict)

    def seconds(self, at_ns: int) -> float:
        """CLOCK_MONOTONIC ns as seconds since the media start, rounded to 1 µs."""
        return round((at_ns - self.start_ns) / 1e9, 6) + 0.0  # + 0.0: a negative zero becomes zero


def analyse(evidence: Evidence) -> Analysis:
    """Match packets and find silences. Start and end of the media are taken from the events, else from packets."""
    matched = match(evidence.recording)
    due_ns = matched.packets.due_ns
    start_ns = next((event.at_ns for event in evidence.of(MediaStart)), int(due_ns.min()) if len(due_ns) else 0)
    spans = spans_of(evidence.plan.sessions, evidence.plan.seed)
    ended_ns = evidence.end.media_end_ns if evidence.end and start_ns else None
    ends_ns = {ssrc: start_ns + own[-1].until_ns for ssrc, own in spans.items() if own}
    last_ns = start_ns + evidence.plan.duration_ns if ended_ns is None else ended_ns
    absences = absences_of(evidence.plan, evidence.recording, ends_ns, last_ns)
    speech = speech_of(matched, spans, start_ns, absences)
    intervals = nominal_intervals(matched, speech)
    end_ns = _after_the_last(due_ns, intervals, start_ns) if ended_ns is None else ended_ns
    fate = fates(matched.packets, end_ns)
    bounds = delay_bounds(evidence.plan, evidence.fault_edges)
    silences = find_silences(matched, speech, fate, intervals, end_ns, bounds)
    return Analysis(
        start_ns,
        end_ns,
        matched,
        speech,
        fate,
        intervals,
        silences.interruptions,
        silences.pauses,
        jitter(matched.arrivals),
        order_of(matched.packets, matched.arrivals, matched.streams, intervals),
        frames_of(evidence.plan, matched, speech, fate, start_ns, end_ns),
        quality_of(matched, fate, intervals),
        absences,
    )


def _after_the_last(due_ns: Ints, intervals: Mapping[str, int], start_ns: int) -> int:
    return int(due_ns.max()) + max(intervals.values(), default=0) if len(due_ns) else start_ns
