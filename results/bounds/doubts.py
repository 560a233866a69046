"""Disturbances whose effect has no bound: from the first of them on, nothing is known but what had happened. Pure.

Packets that the machine lost, a clock that was set, and waits that the kernel does not tell have no time: with them
nothing is known from the media start on. A hold-up has no bound if it may have been taken for a fault, or hidden one:
it then changes paths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from controller.decisions import Decision
from hostio.lateness import HOLD_UP_NS
from results.bounds.held_up import HeldUp
from results.bounds.spans import Spans
from results.fidelity.checks import CheckId, FidelityCheck
from results.metrics.analysis import Analysis, Evidence
from results.run_files.faults import LinkFault
from results.run_files.hold_ups import RunDelayPlace
from results.run_files.machine import ProcessId
from results.run_files.plan import Plan
from topologies.link_state import LinkChange

_WITHOUT_A_TIME: frozenset[CheckId] = frozenset(
    ("socket-drops", "port-drops", "lost-upcalls", "softnet-drops", "emulator-drops", "queue-drops", "clock-step")
)


@dataclass(frozen=True, slots=True)
class Doubt:
    """From `from_ns` (CLOCK_MONOTONIC) on metrics have no bounds; `why` is a sentence."""

    from_ns: int
    why: str


def detection_ns(plan: Plan) -> int:
    """How long a path must be silent to be called down by the quickest detector, ns."""
    settings = plan.controller
    intervals = [
        settings.probe_interval_ns,
        *([settings.canary_interval_ns] if settings.canaries else []),
        *([settings.report_interval_ns] if settings.media_reports else []),
    ]
    times = [min(intervals) * settings.detect_multiplier, *([settings.bfd_detection_ns] if settings.bfd else [])]
    return min(times)


def first_doubt(evidence: Evidence, analysis: Analysis, held: HeldUp, checks: Sequence[FidelityCheck]) -> Doubt | None:
    """The earliest of a run; None if all its disturbances have bounds."""
    found = [*_without_a_time(evidence, analysis, checks)]
    if evidence.plan.controller.may_reroute:  # else no path changes, whatever is found or taken for a fault
        found += _taken_for_faults(evidence, analysis, held)
        found += _moves_without_fault(evidence, analysis, held)
        found += _faults_as_long_as_detection(evidence, analysis, held)
    return min(found, key=lambda doubt: doubt.from_ns, default=None)


def _without_a_time(evidence: Evidence, analysis: Analysis, checks: Sequence[FidelityCheck]) -> Iterator[Doubt]:
    for check in checks:
        if check.id in _WITHOUT_A_TIME and not check.ok:
            yield Doubt(analysis.start_ns, f"{check.check}: what that changed is unknown")
    if evidence.machine and not evidence.machine.counter(ProcessId("monitor"), "run_delay_samples"):
        yield Doubt(analysis.start_ns, "the kernel does not tell how long threads waited for a core")


def _taken_for_faults(evidence: Evidence, analysis: Analysis, held: HeldUp) -> Iterator[Doubt]:
    """Hold-ups as long as detection takes, close to a fault or to a move of traffic."""
    reach_ns = detection_ns(evidence.plan)
    spans = Spans.all_of([held.path, held.detection])
    edges = [edge.applied_first_ns for edge in evidence.fault_edges.values()]
    for begin, end in zip(spans.from_ns.tolist(), spans.until_ns.tolist(), strict=True):
        if end - begin < reach_ns:
            continue
        near = any(begin - reach_ns <= at <= end + reach_ns for at in edges)
        moved = any(begin <= move.seen_ns <= end + _evidence_ns(evidence.plan) for move in evidence.moves)
        if near or moved:
            what = f"a hold-up of {(end - begin) / 1e6:.0f} ms at {analysis.seconds(begin):.3f} s"
            yield Doubt(begin, f"{what} can have been taken for a fault, or have hidden one")


def _moves_without_fault(evidence: Evidence, analysis: Analysis, held: HeldUp) -> Iterator[Doubt]:
    """Moves to a relay with no fault in force, where a probe interval or more was held up before they were decided."""
    reach_ns = _evidence_ns(evidence.plan)
    for move in evidence.moves:
        begin = move.seen_ns - reach_ns
        if not move.relays or begin < analysis.start_ns - reach_ns or _in_force(evidence, begin, move.seen_ns):
            continue
        if _time(evidence.plan, held, begin, move.seen_ns) >= evidence.plan.controller.probe_interval_ns:
            yield Doubt(begin, _suspicion(analysis, move))


def _suspicion(analysis: Analysis, move: Decision) -> str:
    relays, at_s = " and ".join(move.relays), analysis.seconds(move.seen_ns)
    return (
        f"traffic between {move.a} and {move.b} was moved to {relays} at {at_s:.3f} s "
        "without a fault, and the machine may have been the cause"
    )


def _faults_as_long_as_detection(evidence: Evidence, analysis: Analysis, held: HeldUp) -> Iterator[Doubt]:
    """Faults on links that were found only because hold-ups made them longer, or not found because of them."""
    reach_ns = detection_ns(evidence.plan)
    unsure_ns = evidence.plan.controller.probe_interval_ns + HOLD_UP_NS
    for number, fault in enumerate(evidence.plan.faults):
        edge = evidence.fault_edges.get((number, "start"))
        if edge is None or not isinstance(fault, LinkFault) or not _shows(fault.change):
            continue
        length_ns, begin = fault.until_ns - fault.at_ns, edge.applied_first_ns
        taken_ns = _time(evidence.plan, held, begin - reach_ns, begin + length_ns + reach_ns)
        found = any(begin <= move.seen_ns <= begin + length_ns + _evidence_ns(evidence.plan) for move in evidence.moves)
        margin_ns = length_ns - reach_ns if not found else reach_ns - length_ns
        if taken_ns and (abs(length_ns - reach_ns) <= unsure_ns or 0 <= margin_ns <= taken_ns):
            what = (
                f"{fault.what} of {fault.where} at {analysis.seconds(begin):.3f} s was {'' if found else 'not '}found"
            )
            yield Doubt(begin, f"{what}, and hold-ups of {taken_ns / 1e6:.0f} ms around it may be why")


def _shows(change: LinkChange) -> bool:
    """Whether a detector can find it, by what probes lose or how late they are: not copies, nor overtaking."""
    return change != LinkChange(duplicate=change.duplicate, reorder=change.reorder)


def _in_force(evidence: Evidence, from_ns: int, until_ns: int) -> bool:
    """Whether any fault was in force at some time of a window."""
    return any(applied.meets(from_ns, until_ns) for applied in evidence.applied_faults)


def _evidence_ns(plan: Plan) -> int:
    """The longest time over which a detector gathers the evidence of one judgement, ns."""
    settings = plan.controller
    intervals = max(settings.detect_multiplier, settings.loss_window)
    canaries_ns = settings.canary_interval_ns if settings.canaries else 0
    reports_ns = settings.report_interval_ns if settings.media_reports else 0
    return intervals * max(settings.probe_interval_ns, canaries_ns, reports_ns)


def _time(plan: Plan, held: HeldUp, from_ns: int, until_ns: int) -> int:
    """What hold-ups, and waits of controller, probers and switches that run BFD, can have taken of a window, ns."""
    switches = [RunDelayPlace.SWITCH] if plan.controller.bfd else []
    waits = held.waits(RunDelayPlace.CONTROLLER, RunDelayPlace.PROBER, *switches)
    return int(held.time_in(np.array([from_ns]), np.array([until_ns]), waits)[0])
