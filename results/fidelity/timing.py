"""Were media sent on time, threads woken in time, links as slow as they should be, and was the processor the run's?

That a core was busy is no doubt in itself: where it hurt, something was late. It is said where a check did not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np

from hostio.histogram import Lateness
from results.fidelity.checks import FidelityCheck, count, in_ms, in_percent
from results.metrics.analysis import Analysis, Evidence
from results.metrics.delay import probe_excess
from results.metrics.machine_figures import clock_step_ns, machine_use
from results.metrics.streams import quantile, slices, unmatched
from results.run_files.machine import MachineReport
from results.run_files.plan import Plan


def media_checks(evidence: Evidence, analysis: Analysis) -> Iterator[FidelityCheck]:
    """Pacing, whole records, and the delay that probes saw which pass no relay."""
    yield from _pacing(evidence, analysis)
    yield from _records(evidence, analysis)
    yield from _delay(evidence, analysis)


def _pacing(evidence: Evidence, analysis: Analysis) -> Iterator[FidelityCheck]:
    limits, packets = evidence.plan.fidelity, analysis.matched.packets
    late_ms = np.abs(packets.sent_ns - packets.due_ns) / 1e6
    yield in_ms("99th percentile of media pacing error", quantile(late_ms, 0.99), limits.pacing_p99_ns)
    yield in_ms("largest media pacing error", quantile(late_ms, 1.0), limits.pacing_max_ns)


def _records(evidence: Evidence, analysis: Analysis) -> Iterator[FidelityCheck]:
    matched = analysis.matched
    yield count("packets received that nobody sent", unmatched(matched) if evidence.recording.streams else None)
    silent = len(matched.streams) - len(slices(matched.packets.stream))
    unrecorded = len(matched.unrecorded) + silent
    planned = 2 * sum(group.count for group in evidence.plan.sessions)
    missing = planned - len(matched.streams) - len(matched.unrecorded)
    yield count("directions without records", unrecorded + max(missing, 0))


def _delay(evidence: Evidence, analysis: Analysis) -> Iterator[FidelityCheck]:
    limits = evidence.plan.fidelity
    excess_ms = probe_excess(evidence, analysis.start_ns, analysis.end_ns) / 1e6
    yield in_ms("median delay of probes beyond the emulated one", quantile(excess_ms, 0.5), limits.delay_p50_ns)
    yield in_ms("99th percentile of that delay", quantile(excess_ms, 0.99), limits.delay_p99_ns)


LINK, RELAY = "link", "relay"
THREADS: Mapping[str, str] = MappingProxyType(
    {LINK: "release", RELAY: "forward", "sender": "send", "receiver": "receive", "prober": "probe"}
)
"""By what a thread is called in a check, its name in the machine report."""


def lateness_checks(evidence: Evidence) -> Iterator[FidelityCheck]:
    """Of every kind of thread that can tell: not of links whose back end does not, nor of relays that a plan stops."""
    limits, stopped = evidence.plan.fidelity, _stopped_relays(evidence.plan)
    links_tell = evidence.plan.link_capabilities.tells_lateness
    for kind, thread in THREADS.items():
        found = _of_thread(evidence.machine, thread, stopped)
        if evidence.machine and not found and ((kind == LINK and not links_tell) or (kind == RELAY and stopped)):
            continue
        p99_ns, max_ns = (
            (limits.link_lateness_p99_ns, limits.link_lateness_max_ns)
            if kind == LINK
            else (limits.lateness_p99_ns, limits.lateness_max_ns)
        )
        yield in_ms(f"99th percentile of {kind} lateness", max((each.p99_ms for each in found), default=None), p99_ns)
        yield in_ms(f"largest {kind} lateness", max((each.max_ms for each in found), default=None), max_ns)


def _of_thread(machine: MachineReport | None, thread: str, stopped: tuple[str, ...]) -> list[Lateness]:
    found = machine.lateness if machine else {}
    return [each for name, each in found.items() if name.endswith(f": {thread}") and not name.startswith(stopped)]


def _stopped_relays(plan: Plan) -> tuple[str, ...]:
    """How the names of relays begin that an event freezes, ends or replaces: they wake as late as was planned."""
    return tuple(f"relay-{cluster}: " for cluster in sorted(plan.struck_relays))


STOLEN = "processor time stolen"
STOLEN_SECOND = "processor time stolen from a core in its worst second"
CLOCK_STEP = "largest step of the machine's realtime clock"


def processor_checks(evidence: Evidence, analysis: Analysis) -> Iterator[FidelityCheck]:
    """What the machine's own host kept for others, and whether somebody set the clock."""
    limits = evidence.plan.fidelity
    use = machine_use(evidence.samples, analysis.start_ns, analysis.end_ns)
    yield in_percent(STOLEN, use.stolen if use else None, limits.steal)
    yield in_percent(STOLEN_SECOND, use.stolen_most.share if use else None, limits.steal_second)
    step_ns = clock_step_ns(evidence.samples) if use and evidence.samples else None
    yield in_ms(CLOCK_STEP, None if step_ns is None else step_ns / 1e6, limits.clock_step_ns)
