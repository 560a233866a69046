"""What is compared of a run: each metric with the bounds within which the machine can have moved it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from results.bounds.interval import UNBOUNDED, Interval, exactly
from results.comparison.directions import Better, directed_metrics
from results.verdict.summary import RUN_FAILED, Summary, Verdict
from results.verdict.verdict import LENGTHS, RECORDS, document_of, interval_of, number_at


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric of one run, in its own unit."""

    value: float | None
    """As measured; null: unknown. The length of what did not happen is 0."""
    low: float | None
    """Least value that it can have without the machine's doings; null: no bound."""
    high: float | None
    """Largest such value; null: no bound."""
    better: Better
    """Which way it is better."""


@dataclass(frozen=True, slots=True)
class RunValues:
    """A run as far as it is compared with others."""

    run: str
    """Its directory; in an aggregate, from the aggregate's folder on."""
    scenario: str
    """The scenario's name."""
    seed: int
    """The seed of its randomness."""
    verdict: Verdict
    """Its verdict."""
    reasons: list[str]
    """Those of the verdict."""
    failed: bool
    """The run did not come to its end: it has no values, and counts as inconclusive."""
    expected: list[str]
    """Metrics of which the scenario expects something and that have a better way."""
    values: dict[str, Measured]
    """Every metric that has a better way, by name."""


def run_values(summary: Summary, run: str) -> RunValues:
    """The values of a run; `run` says where it is."""
    failed = summary.reasons[0].startswith(RUN_FAILED)
    better = {} if failed else directed_metrics(summary)
    document, doubted = document_of(summary), _doubted(summary)
    values = {metric: _measured(summary, document, metric, each, doubted) for metric, each in better.items()}
    told = {metric: each for metric, each in values.items() if _is_told(each)}
    expected = dict.fromkeys(row.metric for row in summary.expectations if row.metric in told)
    return RunValues(
        run, summary.scenario, summary.seed, summary.verdict, summary.reasons, failed, list(expected), told
    )


def _is_told(measured: Measured) -> bool:
    return (measured.value, measured.low, measured.high) != (None, None, None)


def _doubted(summary: Summary) -> bool:
    """Whether no value has bounds: the records are not whole, or a check of the testbed does not hold and the run was
    recorded without what bounds are computed from."""
    broken = [check for check in summary.fidelity if not check.ok]
    if any(check.id in RECORDS for check in broken):
        return True
    open_rows = any(row.ok is None and not row.not_told for row in summary.expectations)
    return (summary.verdict == "inconclusive" and not open_rows) or (summary.bounds is None and bool(broken))


def _measured(summary: Summary, document: Mapping[str, Any], metric: str, better: Better, doubted: bool) -> Measured:
    value = summary.parts[metric] if metric in summary.parts else number_at(document, metric)
    interval = interval_of(summary, metric)
    if value is None and metric.startswith(LENGTHS) and summary.media.sent:
        value, interval = 0.0, _from_zero(interval)
    bounds = UNBOUNDED if doubted else exactly(value) if interval is None else interval
    return Measured(value, bounds.low, bounds.high, better)


def _from_zero(interval: Interval | None) -> Interval:
    """The bounds of a length of something that did not happen: it had none, or as much as its bounds say."""
    return Interval(0.0, interval.high if interval and interval != UNBOUNDED else 0.0)
