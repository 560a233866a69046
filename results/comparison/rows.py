"""Aggregates and comparisons as rows and sentences for the terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from results.bounds.interval import Interval
from results.comparison.aggregate import Aggregate, Spread
from results.comparison.compared_sets import Answer, ComparedSets, Difference
from results.comparison.directions import HEADLINES
from results.verdict.value_text import number_text, unit_text

SPREAD_COLUMNS = ("metric", "n", "mean", "confidence interval", "median", "least", "most")


def spread_rows(found: Aggregate) -> list[tuple[str, ...]]:
    """A row per headline, and per metric that the scenario expects something of, under `SPREAD_COLUMNS`."""
    expected = (metric for run in found.runs for metric in run.expected)
    shown = dict.fromkeys((*HEADLINES, *expected))
    return [_spread_row(metric, found.metrics[metric]) for metric in shown if metric in found.metrics]


def _spread_row(metric: str, spread: Spread) -> tuple[str, ...]:
    unit = unit_text(spread.unit)
    mean, middle, least, most = (
        f"{number_text(each)}{unit}" for each in (spread.mean, spread.median, spread.min, spread.max)
    )
    return metric, str(spread.n), mean, _interval_text(spread.mean_interval, unit), middle, least, most


DIFFERENCE_COLUMNS = ("metric", "", "first", "other", "difference", "interval", "effect", "p")


def difference_rows(compared: ComparedSets, name: str) -> list[tuple[str, ...]]:
    """A row per metric of a set that was compared with the first, with medians, under `DIFFERENCE_COLUMNS`; none of
    those that are the same in all runs."""
    return [_difference_row(row) for row in compared.rows if row.set == name and not row.same]


def _difference_row(row: Difference) -> tuple[str, ...]:
    unit = unit_text(row.unit)
    return (
        row.metric,
        row.answer,
        f"{number_text(row.first.median)}{unit}",
        f"{number_text(row.other.median)}{unit}",
        f"{_signed(row.difference)}{unit}",
        _interval_text(row.interval, unit, signed=True),
        f"{_sign(row.effect)}{abs(row.effect):.2f}",
        f"{row.p_corrected:.2g}",
    )


def answer_sentences(compared: ComparedSets) -> Iterator[str]:
    """What the comparison says, a sentence per set, and its notes."""
    first, *others = compared.sets
    for other in others:
        answers: tuple[Answer, ...] = ("better", "worse")
        rows = [row for row in compared.rows if row.set == other.name]
        found = {answer: [row.metric for row in rows if row.answer == answer] for answer in answers}
        parts = [f"{answer} in {', '.join(metrics)}" for answer, metrics in found.items() if metrics]
        yield f"{other.name} beside {first.name}: {'; '.join(parts) or 'no difference shown'}"
        if same := sum(row.same for row in rows):
            yield f"the same in all runs: {same} of {len(rows)} metrics"
    yield from compared.notes


def set_sentences(compared: ComparedSets) -> Iterator[str]:
    """What the sets are."""
    for number, each in enumerate(compared.sets):
        which = "other" if number else "first"
        runs = "1 run" if each.runs == 1 else f"{each.runs} runs"
        yield f"{which}  {each.name}: {runs} of {each.scenario}, {each.passed} passed"


def _interval_text(interval: Interval | None, unit: str, *, signed: bool = False) -> str:
    if interval is None or interval.low is None or interval.high is None:
        return "–"
    write = _signed if signed else number_text
    return f"{write(interval.low)} … {write(interval.high)}{unit}"


def _signed(value: float) -> str:
    return f"{_sign(value)}{number_text(abs(value))}"


def _sign(value: float) -> str:
    return "+" if value > 0 else "−" if value < 0 else ""
