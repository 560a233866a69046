"""Whether one set of runs is better than another, metric by metric. Pure.

A difference is shown if three things hold. The Mann-Whitney test, corrected for all metrics and sets (Holm), finds it;
it finds it too where every run's value is taken at the end of its bounds that is least favourable to the finding, so
that what the machines did to the runs cannot be its cause; and the bootstrap confidence interval of the difference does
not contain 0. That none is shown does not say that there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from results.bounds.interval import Interval
from results.comparison.compared_sets import Answer, ComparedSets, Difference, RunSet, SetRow, Side
from results.comparison.directions import HEADLINES, Better
from results.comparison.statistics import (
    Sample,
    cliffs_delta,
    holm,
    least_p,
    rank_test,
    runs_for_difference,
    shift,
    shift_interval,
)
from results.comparison.values import Measured
from results.verdict.value_text import metric_unit

_SEED = 0
"""Of bootstraps and permutations: the same sets give the same answer."""


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """A metric's values in two sets, by run; unknown: nan, with infinite bounds."""

    metric: str
    better: Better
    first: Mapping[str, Sample]
    other: Mapping[str, Sample]


class _Tested(NamedTuple):
    """p of a pair as measured, and with each value at its least favourable end. None: all values are the same, which
    no order of them could change, so that leaving the test out makes no other one easier than it may be."""

    p: float | None
    bounded: float | None


def compare(sets: Sequence[RunSet], metrics: Sequence[str], confidence: float) -> ComparedSets:
    """Compare each set with the first one. `metrics` that either set of a pair does not have are left out."""
    first, *others = sets
    pairs = [(each.name, pair) for each in others for pair in _pairs(first, each, metrics)]
    tested = [_tested(pair) for _, pair in pairs]
    corrected = zip(_corrected([each.p for each in tested]), _corrected([each.bounded for each in tested]), strict=True)
    rows = [
        _row(name, pair, test, adjusted, confidence)
        for (name, pair), test, adjusted in zip(pairs, tested, corrected, strict=True)
    ]
    tests, alpha = max(1, sum(not row.same for row in rows)), 1 - confidence
    compared = ComparedSets(
        confidence,
        [_set_row(each) for each in sets],
        runs_for_difference(tests, alpha),
        any(tests * least_p(len(first.whole), len(each.whole)) > alpha for each in others),
        [],
        rows,
    )
    return replace(compared, notes=list(_notes(compared)))


def _corrected(p_values: Sequence[float | None]) -> list[float]:
    """Adjusted p of each; None, of values that are all the same, is no test and stays 1."""
    adjusted = iter(holm([each for each in p_values if each is not None]))
    return [1.0 if each is None else next(adjusted) for each in p_values]


def default_metrics(sets: Iterable[RunSet]) -> list[str]:
    """`HEADLINES`, and what the scenarios expect something of."""
    expected = (metric for each in sets for run in each.runs for metric in run.expected)
    return list(dict.fromkeys((*HEADLINES, *expected)))


def all_metrics(sets: Iterable[RunSet]) -> list[str]:
    """Every metric that has a better way."""
    return list(dict.fromkeys(metric for each in sets for run in each.runs for metric in run.values))


def _pairs(first: RunSet, other: RunSet, metrics: Sequence[str]) -> Iterator[_Pair]:
    for metric in metrics:
        known = [
            [each for run in runs.whole if (each := run.values.get(metric)) and each.value is not None]
            for runs in (first, other)
        ]
        if all(known):
            yield _Pair(metric, known[0][0].better, _columns(first, metric), _columns(other, metric))


def _columns(runs: RunSet, metric: str) -> Mapping[str, Sample]:
    measured = [run.values.get(metric) for run in runs.whole]
    return {
        "value": np.array([_or(each and each.value, np.nan) for each in measured]),
        "low": np.array([_or(each and each.low, -np.inf) for each in measured]),
        "high": np.array([_or(each and each.high, np.inf) for each in measured]),
    }


def _or(value: Measured | float | None, otherwise: float) -> float:
    return otherwise if value is None or isinstance(value, Measured) else value


def _tested(pair: _Pair) -> _Tested:
    one, other = _known(pair)
    if len({*one.tolist(), *other.tolist()}) == 1:
        return _Tested(None, None)
    p, lower = rank_test(one, other, _SEED), cliffs_delta(one, other) < 0
    one, other = (pair.first["low"], pair.other["high"]) if lower else (pair.first["high"], pair.other["low"])
    effect = cliffs_delta(_finite(one), _finite(other))
    stands = effect < 0 if lower else effect > 0
    return _Tested(p, rank_test(one, other, _SEED) if stands else 1.0)


def _known(pair: _Pair) -> tuple[Sample, Sample]:
    one, other = (each["value"] for each in (pair.first, pair.other))
    return one[~np.isnan(one)], other[~np.isnan(other)]


def _finite(values: Sample) -> Sample:
    """Infinities as numbers, so that they can be subtracted."""
    return np.nan_to_num(values, posinf=1e300, neginf=-1e300)


def _row(name: str, pair: _Pair, test: _Tested, corrected: tuple[float, float], confidence: float) -> Difference:
    one, other = _known(pair)
    interval, effect = shift_interval(one, other, confidence, _SEED), cliffs_delta(one, other)
    as_measured, within_bounds = (each <= 1 - confidence for each in corrected)
    return Difference(
        name,
        pair.metric,
        metric_unit(pair.metric),
        pair.better,
        _side(one),
        _side(other),
        float(shift(one, other)),
        interval,
        effect,
        1.0 if test.p is None else test.p,
        1.0 if test.bounded is None else test.bounded,
        corrected[1],
        test.p is None,
        as_measured and not within_bounds,
        _answer(pair.better, interval, effect, significant=within_bounds),
    )


def _side(values: Sample) -> Side:
    return Side(len(values), float(np.median(values)), float(values.min()), float(values.max()))


def _answer(better: Better, interval: Interval | None, effect: float, *, significant: bool) -> Answer:
    if not significant or interval is None or interval.low is None or interval.high is None:
        return "no difference shown"
    lower, higher = interval.high < 0 and effect < 0, interval.low > 0 and effect > 0
    if not lower and not higher:
        return "no difference shown"
    return "better" if lower == (better == "lower") else "worse"


def _set_row(runs: RunSet) -> SetRow:
    return SetRow(
        runs.name,
        runs.runs[0].scenario,
        len(runs.runs),
        len(runs.runs) - len(runs.whole),
        sum(run.verdict == "pass" for run in runs.runs),
        [run.seed for run in runs.runs],
    )


def _notes(compared: ComparedSets) -> Iterator[str]:
    names = list(dict.fromkeys(each.scenario for each in compared.sets))
    if len(names) > 1:
        yield f"the sets are of different scenarios: {', '.join(names)}"
    for each in compared.sets:
        if each.left_out:
            yield f"{each.name}: {each.left_out} of {each.runs} runs did not come to their end, and are left out"
    if not compared.rows:
        yield "none of the metrics is known of the first set and of another"
    elif compared.too_few:
        tests = sum(not row.same for row in compared.rows)
        many = f"{tests} comparisons" if tests > 1 else "one comparison"
        needed = compared.runs_needed
        yield f"too few runs: with {many} no difference can be shown below {needed} a side (run --repeat {needed})"
    bounded = dict.fromkeys(row.metric for row in compared.rows if row.within_bounds)
    if bounded:
        yield f"no more than the machines can have done to the runs: {', '.join(bounded)}"
