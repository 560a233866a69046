"""The run as the entries of a status page: investigating, identified, monitoring, resolved. Pure.

Times are s since the media start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from controller.decisions import HealthChange, Kept
from results.metrics.analysis import Analysis, Evidence
from results.metrics.network_figures import FaultRow, RerouteRow
from results.verdict.summary import Summary
from topologies.model import route_name

State = Literal["fault", "fault over", "investigating", "identified", "monitoring", "resolved", "not resolved", "none"]

MOST_FAULTS = 6


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry: when, in which state the incident then was, and what is known. `at_s` None: the whole run."""

    at_s: float | None
    state: State
    text: str


def status_entries(evidence: Evidence, analysis: Analysis, summary: Summary) -> list[Entry]:
    """The entries of a run, in order of time. What a status page would call them:

    investigating, when a detector first saw a path unhealthy; identified, when the policy first decided, or said why it
    did not; monitoring, when calls were first moved; resolved, when the last listener heard again.
    """
    faults = [entry for fault in summary.faults[:MOST_FAULTS] for entry in _of_fault(fault)]
    noticed = [*_investigating(evidence, analysis), *_identified(evidence, analysis, summary)]
    entries = [*faults, *noticed, *_monitoring(summary.reroutes), *_resolved(analysis, summary)]
    if len(summary.faults) > MOST_FAULTS:
        rest = len(summary.faults) - MOST_FAULTS
        entries.append(Entry(summary.faults[MOST_FAULTS].planned_at, "fault", f"{rest} more faults from here on."))
    return sorted(entries, key=lambda entry: -1.0 if entry.at_s is None else entry.at_s)


def _of_fault(fault: FaultRow) -> Iterator[Entry]:
    name = f"{fault.what} {fault.where}".rstrip()
    if fault.applied_at is None:
        yield Entry(fault.planned_at, "fault", f"{name} was planned; that it began is not on record.")
        return
    yield Entry(fault.applied_at, "fault", f"{name} begins.")
    if fault.applied_until is not None and fault.applied_until - fault.applied_at > 0.001:
        yield Entry(fault.applied_until, "fault over", f"{name} is over.")


def _investigating(evidence: Evidence, analysis: Analysis) -> Iterator[Entry]:
    for change in evidence.of(HealthChange):
        if change.after in ("degraded", "down") and change.at_ns >= analysis.start_ns:
            text = f"{change.subject} is {change.after}: {change.reason}."
            yield Entry(analysis.seconds(change.at_ns), "investigating", text)
            return


def _identified(evidence: Evidence, analysis: Analysis, summary: Summary) -> Iterator[Entry]:
    moves = [row for row in summary.reroutes if row.decided_at is not None]
    if moves:
        first = min(moves, key=lambda row: row.decided_at or 0.0)
        text = f"The policy decides to move {len(first.lanes)} lanes of {first.link} {route_name(first.relays)}."
        yield Entry(first.decided_at, "identified", text)
        return
    for kept in evidence.of(Kept):
        if kept.at_ns >= analysis.start_ns:
            text = f"Calls between {kept.a} and {kept.b} stay where they are: {kept.reason}."
            yield Entry(analysis.seconds(kept.at_ns), "identified", text)
            return


def _monitoring(reroutes: list[RerouteRow]) -> Iterator[Entry]:
    if not reroutes:
        return
    first = min(reroutes, key=lambda row: row.in_force_at)
    more = f" {len(reroutes) - 1} more moves follow." if len(reroutes) > 1 else ""
    yield Entry(first.in_force_at, "monitoring", f"Calls of {first.link} go {route_name(first.relays)}.{more}")


def _resolved(analysis: Analysis, summary: Summary) -> Iterator[Entry]:
    if not summary.media.directions:
        yield Entry(None, "none", "What listeners heard is not on record.")
        return
    if not analysis.interruptions:
        yield Entry(None, "none", "No listener was interrupted.")
        return
    if still := summary.media.still_interrupted:
        listeners = "1 listener still hears" if still == 1 else f"{still} listeners still hear"
        yield Entry(analysis.seconds(analysis.end_ns), "not resolved", f"The run ends; {listeners} nothing.")
        return
    last_ns = max(each.ended_ns for each in analysis.interruptions)
    yield Entry(analysis.seconds(last_ns), "resolved", "The last listener hears again.")
