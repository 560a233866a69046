"""Fidelity checks of time: pacing of media, lateness of threads, delay of links, steal and clock steps.

A busy core is no check of its own: where it matters, something was late. `advice` names it if a check does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hostio.lateness import Lateness
from results.fidelity.checks import CheckId, FidelityCheck, count, in_ms, in_percent
from results.metrics.analysis import Analysis, Evidence
from results.metrics.delay import probe_excess
from results.metrics.machine_figures import clock_step_ns, machine_use
from results.metrics.speakers import directions_without_records
from results.metrics.streams import quantile, unmatched
from results.run_files.machine import MachineReport, ProcessId
from results.run_files.plan import Plan


def media_checks(evidence: Evidence, analysis: Analysis) -> Iterator[FidelityCheck]:
    """Checks of the pacing of media, of missing and unmatched records, and of the delay of probes."""
    yield from _pacing(evidence, analysis)
    yield from _records(evidence, analysis)
    yield from _delay(evidence, analysis)


def _pacing(evidence: Evidence, analysis: Analysis) -> Iterator[FidelityCheck]:
    limits, packets = evidence.plan.fidelity, analysis.matched.packets
    late_ms = np.abs(packets.sent_ns - packets.due_ns) / 1e6
    yield in_ms("pacing-p99", "99th percentile of media pacing error", quantile(late_ms, 0.99), limits.pacing_p99_ns)
    yield in_ms("pacing-max", "largest media pacing error", quantile(late_ms, 1.0), limits.pacing_max_ns)


def _records(evidence: Evidence, analysis: Analysis) -> Iterator[FidelityCheck]:
    stray = unmatched(analysis.matched) if evidence.recording.streams else None
    yield count("unmatched-packets", "packets received that nobody sent", stray)
    missing = directions_without_records(evidence, analysis)
    yield count("directions-without-records", "directions without records", missing)


def _delay(evidence: Evidence, analysis: Analysis) -> Iterator[FidelityCheck]:
    limits = evidence.plan.fidelity
    excess_ms = probe_excess(evidence, analysis.start_ns, analysis.end_ns) / 1e6
    p50_ms, p99_ms = quantile(excess_ms, 0.5), quantile(excess_ms, 0.99)
    yield in_ms("delay-p50", "median delay of probes beyond the emulated one", p50_ms, limits.delay_p50_ns)
    yield in_ms("delay-p99", "99th percentile of that delay", p99_ms, limits.delay_p99_ns)


@dataclass(frozen=True, slots=True)
class _TimedThread:
    """A kind of thread with timed wake-ups: its name in the machine report, and the ids of its two checks."""

    kind: Literal["link", "relay", "sender", "receiver", "prober"]
    name: str
    p99: CheckId
    max: CheckId


_THREADS = (
    _TimedThread("link", "release", "link-lateness-p99", "link-lateness-max"),
    _TimedThread("relay", "forward", "relay-lateness-p99", "relay-lateness-max"),
    _TimedThread("sender", "send", "sender-lateness-p99", "sender-lateness-max"),
    _TimedThread("receiver", "receive", "receiver-lateness-p99", "receiver-lateness-max"),
    _TimedThread("prober", "probe", "prober-lateness-p99", "prober-lateness-max"),
)


def lateness_checks(evidence: Evidence) -> Iterator[FidelityCheck]:
    """Checks of the lateness of each kind of thread: the largest of its processes' figures.

    Left out: links whose back end does not report lateness, and relays if every one of them is stopped by plan.
    """
    limits, stopped = evidence.plan.fidelity, _stopped_relays(evidence.plan)
    links_tell = evidence.plan.link_capabilities.tells_lateness
    for thread in _THREADS:
        found = _of_thread(evidence.machine, thread.name, stopped)
        silent = (thread.kind == "link" and not links_tell) or (thread.kind == "relay" and stopped)
        if evidence.machine and not found and silent:
            continue
        p99_ns, max_ns = (
            (limits.link_lateness_p99_ns, limits.link_lateness_max_ns)
            if thread.kind == "link"
            else (limits.lateness_p99_ns, limits.lateness_max_ns)
        )
        p99_ms = max((each.p99_ms for each in found), default=None)
        max_ms = max((each.max_ms for each in found), default=None)
        yield in_ms(thread.p99, f"99th percentile of {thread.kind} lateness", p99_ms, p99_ns)
        yield in_ms(thread.max, f"largest {thread.kind} lateness", max_ms, max_ns)


def _of_thread(machine: MachineReport | None, thread: str, stopped: Set[ProcessId]) -> list[Lateness]:
    """Lateness of a thread in every process that has it, without lives that a fault ended."""
    rows = machine.lateness if machine else ()
    serving = (row for row in rows if row.thread == thread and row.ended_life is None)
    return [row.lateness for row in serving if row.process not in stopped]


def _stopped_relays(plan: Plan) -> Set[ProcessId]:
    """The relays that a fault acts on, whose lateness is planned, and those that are programs, which do not tell it."""
    programs = {each.name for each in plan.topology.clusters} - set(plan.relays_of_ours)
    return {ProcessId("relay", cluster) for cluster in plan.faulted_relays | programs}


def processor_checks(evidence: Evidence, analysis: Analysis) -> Iterator[FidelityCheck]:
    """Checks of steal (`st` in vmstat(8)) and of steps of the realtime clock.

    The kernel's receive timestamps are of CLOCK_REALTIME and are converted by its offset from CLOCK_MONOTONIC when they
    are read, so that a step in between would appear as delay.
    """
    limits = evidence.plan.fidelity
    use = machine_use(evidence.samples, analysis.start_ns, analysis.end_ns)
    stolen, in_one_second = (use.stolen, use.stolen_most.share) if use else (None, None)
    yield in_percent("steal", "processor time stolen", stolen, limits.steal)
    yield in_percent(
        "steal-second",
        "processor time stolen from a core in its worst second",
        in_one_second,
        limits.steal_second,
    )
    step_ns = clock_step_ns(evidence.samples) if use and evidence.samples else None
    step_ms = None if step_ns is None else step_ns / 1e6
    yield in_ms("clock-step", "largest step of the machine's realtime clock", step_ms, limits.clock_step_ns)
