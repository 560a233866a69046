"""Repeated runs of one scenario as one aggregate: spread of each metric, and one verdict. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from results.bounds.interval import Interval
from results.comparison.directions import Better
from results.comparison.statistics import largest_share, least_share, mean_interval, runs_for_share
from results.comparison.values import RunValues
from results.metrics.metric_names import Unit
from results.verdict.summary import Verdict
from results.verdict.value_text import metric_unit

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Spread:
    """A metric over several runs, in its own unit."""

    unit: Unit
    better: Better
    n: int
    """Runs of which the value is known."""
    unknown: int
    """Runs of which it is not."""
    mean: float
    median: float
    min: float
    max: float
    mean_interval: Interval | None
    """Bootstrap confidence interval of the mean; null: of one run."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be shown of all runs that there could be: this share passes, with this confidence."""

    share: float = 0.95
    confidence: float = 0.95
    stated: bool = False
    """Asked for; otherwise one run that fails decides, and all must pass."""


@dataclass(frozen=True, slots=True)
class PassRate:
    """How many runs passed, and what that says of further ones. A run that is inconclusive could have passed or
    failed: it counts against either bound."""

    passed: int
    failed: int
    inconclusive: int
    wanted: Wanted
    at_least: float
    """With the confidence, at least this share of runs passes (Clopper-Pearson, one-sided)."""
    at_most: float
    """With the confidence, at most this share of runs passes (likewise)."""
    runs_needed: int
    """So many runs in all show the share, if every further one passes."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Repeated runs of one scenario, with seeds that follow each other."""

    format: int
    scenario: str
    planned: int
    """How many runs were to be played."""
    seeds: list[int]
    """Those of the runs, in their order."""
    verdict: Verdict
    reasons: list[str]
    """Why, one sentence each."""
    passes: PassRate
    confidence: float
    """Of the intervals of `metrics`."""
    metrics: dict[str, Spread]
    """Every metric that has a better way."""
    runs: list[RunValues]
    """The runs, in their order."""


def wanted(share: float | None, confidence: float) -> Wanted:
    """What is to be shown: of a share if one is stated, else of 95 %."""
    return Wanted(0.95 if share is None else share, confidence, share is not None)


def aggregate(runs: Sequence[RunValues], planned: int, goal: Wanted) -> Aggregate:
    """Runs of one scenario, at least one, as one."""
    passes = pass_rate(runs, goal)
    verdict, reasons = _verdict(passes, planned)
    return Aggregate(
        FORMAT,
        runs[0].scenario,
        planned,
        [each.seed for each in runs],
        verdict,
        [*reasons, *_failures(runs)],
        passes,
        goal.confidence,
        dict(_spreads(runs, goal.confidence)),
        list(runs),
    )


def pass_rate(runs: Sequence[RunValues], goal: Wanted) -> PassRate:
    """How many of some runs passed."""
    verdicts = [each.verdict for each in runs]
    passed, failed, open_ = (verdicts.count(each) for each in ("pass", "fail", "inconclusive"))
    return PassRate(
        passed,
        failed,
        open_,
        goal,
        round(least_share(passed, len(runs), goal.confidence), 4),
        round(largest_share(passed + open_, len(runs), goal.confidence), 4),
        runs_for_share(goal.share, goal.confidence, failed + open_),
    )


def _verdict(passes: PassRate, planned: int) -> tuple[Verdict, list[str]]:
    goal, played = passes.wanted, passes.passed + passes.failed + passes.inconclusive
    shown, refuted = passes.at_least >= goal.share, passes.at_most < goal.share
    reasons = [*_counts(passes, played, planned), _estimate(passes, refuted=refuted)]
    if not shown:
        further = f"{passes.runs_needed} runs in all if every further one passes"
        reasons.append(f"to show {_percent(goal.share)} takes {further}")
    if goal.stated:
        return "pass" if shown else "fail" if refuted else "inconclusive", reasons
    whole = passes.passed == played >= planned
    return "fail" if passes.failed else "pass" if whole else "inconclusive", reasons


def _counts(passes: PassRate, played: int, planned: int) -> Iterator[str]:
    counts = ((passes.failed, "failed"), (passes.inconclusive, "inconclusive"))
    others = "".join(f", {number} {word}" for number, word in counts if number)
    yield f"{passes.passed} of {played} runs passed{others}"
    if played < planned:
        yield f"{planned} runs were planned"


def _estimate(passes: PassRate, *, refuted: bool) -> str:
    """What share of all runs passes."""
    bound = f"at most {_percent(passes.at_most)}" if refuted else f"at least {_percent(passes.at_least)}"
    return f"with {_percent(passes.wanted.confidence)} confidence {bound} of all runs pass"


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def _failures(runs: Sequence[RunValues]) -> Iterator[str]:
    """What was not as expected, with the number of runs in which, most frequent first."""
    found: dict[str, list[int]] = {}
    for run in runs:
        if run.verdict == "fail":
            for reason in run.reasons:
                found.setdefault(reason.partition(", found ")[0], []).append(run.seed)
    for reason, seeds in sorted(found.items(), key=lambda item: -len(item[1])):
        listed = ", ".join(map(str, seeds[:5])) + (", …" if len(seeds) > 5 else "")
        yield f"{reason}: not so in {len(seeds)} of {len(runs)} runs (seed{'s' if len(seeds) > 1 else ''} {listed})"


def _spreads(runs: Sequence[RunValues], confidence: float) -> Iterator[tuple[str, Spread]]:
    for metric in dict.fromkeys(metric for run in runs for metric in run.values):
        measured = [run.values[metric] for run in runs if metric in run.values]
        known = [each.value for each in measured if each.value is not None]
        if known:
            yield (
                metric,
                Spread(
                    metric_unit(metric),
                    measured[0].better,
                    len(known),
                    len(runs) - len(known),
                    round(fmean(known), 6),
                    median(known),
                    min(known),
                    max(known),
                    mean_interval(known, confidence, seed=0),
                ),
            )
