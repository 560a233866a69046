"""Fidelity checks of faults: every edge applied on time, and verified."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from results.fidelity.checks import FidelityCheck, count, in_ms
from results.metrics.analysis import Analysis, Evidence
from results.metrics.streams import quantile
from results.run_files.events import FaultEdge

MANY_FAULTS = 100
"""Fewest edges for which a 99th percentile is checked; with fewer it is close to the maximum."""


def event_checks(evidence: Evidence, analysis: Analysis) -> Iterator[FidelityCheck]:
    """Checks of missing edges, of the error of applied times, and of unverified edges."""
    limits = evidence.plan.fidelity
    planned = _planned_edges(evidence, analysis)
    applied = _applied_edges(evidence)
    pairs = [pair for key, times in planned.items() for pair in zip(times, applied.get(key, []), strict=False)]
    yield count("event-missing", "fault edges that did not happen", sum(map(len, planned.values())) - len(pairs))
    errors = [_error_ms(edge, planned_ns) for planned_ns, edge in pairs]
    yield in_ms(
        "event-error-max", "largest error of a fault's time", max(errors, default=0.0), limits.event_error_max_ns
    )
    if len(errors) >= MANY_FAULTS:
        p99_ms = quantile(np.array(errors), 0.99)
        yield in_ms("event-error-p99", "99th percentile of that error", p99_ms, limits.event_error_p99_ns)
    unverified = sum(edge.verified_ns < edge.applied_last_ns for _, edge in pairs)
    yield count("event-unverified", "fault edges not read back", unverified)


def _planned_edges(evidence: Evidence, analysis: Analysis) -> dict[tuple[int, str], list[int]]:
    """Due times of edges, CLOCK_MONOTONIC ns, by fault number and kind; those after the media end are left out, because
    an interrupt ends the media early."""
    planned: dict[tuple[int, str], list[int]] = defaultdict(list)
    for number, fault in enumerate(evidence.plan.faults):
        levels = (("level", level.at_ns) for level in fault.levels if level.at_ns > fault.at_ns)
        for edge, at_ns in (("start", fault.at_ns), *levels, ("end", fault.until_ns)):
            if analysis.start_ns + at_ns < analysis.end_ns:
                planned[number, edge].append(analysis.start_ns + at_ns)
    return planned


def _applied_edges(evidence: Evidence) -> dict[tuple[int, str], list[FaultEdge]]:
    applied: dict[tuple[int, str], list[FaultEdge]] = defaultdict(list)
    for edge in evidence.of(FaultEdge):
        applied[edge.fault, edge.edge].append(edge)
    return applied


def _error_ms(edge: FaultEdge, planned_ns: int) -> float:
    return max(abs(edge.applied_first_ns - planned_ns), abs(edge.applied_last_ns - planned_ns)) / 1e6
