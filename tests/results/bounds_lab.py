"""The bounds of a run made by arithmetic, with hold-ups put into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from synthetic_media import START

from hostio.timing import MS, S
from results.ledger.reconcile import reconcile
from results.metrics.analysis import Evidence, analyse
from results.report.report import summarise
from results.run_files.events import FaultEdge
from results.run_files.hold_ups import HOLD_UP, RUN_DELAY, HoldUpPlace, HoldUps, RunDelayPlace
from results.run_files.plan import Expectation
from results.verdict.summary import Summary

LONGEST = "media.interruption_ms.max"
VOICE_MS = 20.0

Late = tuple[HoldUpPlace, int, float, float]
"""Place, number, s after the media start, ms."""


def on_time(evidence: Evidence) -> Evidence:
    """The same run with its faults applied when they were planned."""
    events = [
        replace(event, applied_first_ns=event.planned_ns, applied_last_ns=event.planned_ns)
        if isinstance(event, FaultEdge)
        else event
        for event in evidence.events
    ]
    return replace(evidence, events=tuple(events))


def held(evidence: Evidence, *late: Late, waits: Sequence[tuple[RunDelayPlace, float, float, float]] = ()) -> Evidence:
    """The same run with these hold-ups. `waits`: of kind, from and until s after the media start, ms in sum."""

    def at(seconds: float) -> int:
        return START + round(seconds * S)

    rows = [(place, number, at(at_s), at(at_s) + round(ms * MS)) for place, number, at_s, ms in late]
    delays = [(place, 0, at(from_s), at(until_s), round(ms * MS)) for place, from_s, until_s, ms in waits]
    return replace(evidence, hold_ups=HoldUps(np.array(rows, HOLD_UP), np.array(delays, RUN_DELAY)))


def summary_of(evidence: Evidence, *expectations: Expectation) -> Summary:
    stated = replace(evidence, plan=replace(evidence.plan, expectations=expectations))
    analysis = analyse(stated)
    return summarise(stated, analysis, reconcile(stated, analysis))


def bounds_of(evidence: Evidence, metric: str = LONGEST) -> tuple[float | None, float | None]:
    bounds = summary_of(evidence).bounds
    assert bounds is not None
    return bounds[metric].low, bounds[metric].high
