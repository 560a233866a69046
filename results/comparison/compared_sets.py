"""What a comparison of sets of runs is made of, and its result. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from results.bounds.interval import Interval
from results.comparison.directions import Better
from results.comparison.values import RunValues
from results.metrics.metric_names import Unit

Answer = Literal["better", "worse", "no difference shown"]


@dataclass(frozen=True, slots=True)
class RunSet:
    """Runs of one scenario. `name`: what the user calls it."""

    name: str
    runs: tuple[RunValues, ...]

    @property
    def whole(self) -> tuple[RunValues, ...]:
        """Those that came to their end."""
        return tuple(run for run in self.runs if not run.failed)


@dataclass(frozen=True, slots=True)
class SetRow:
    """A set that is compared."""

    name: str
    scenario: str
    runs: int
    left_out: int
    """Runs that did not come to their end, of which nothing is compared."""
    passed: int
    seeds: list[int]


@dataclass(frozen=True, slots=True)
class Side:
    """A metric in one of the sets."""

    n: int
    """Runs of which the value is known."""
    median: float
    min: float
    max: float


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric of a set, beside that of the first set."""

    set: str
    metric: str
    unit: Unit
    better: Better
    """Which way it is better."""
    first: Side
    other: Side
    difference: float
    """By how much it is larger than in the first set: the median over all pairs of a run of either (Hodges-Lehmann)."""
    interval: Interval | None
    """Bootstrap confidence interval of that; null: one run on a side."""
    effect: float
    """Cliff's delta: −1: every run lower than each of the first set, 1: every run higher."""
    p: float
    """Of the Mann-Whitney test, two-sided."""
    p_within_bounds: float
    """The same, every value at the least favourable end of its bounds; an unknown one may be anything."""
    p_corrected: float
    """That, corrected for all rows of this comparison that are not `same` (Holm)."""
    same: bool
    """Every run of both sets has the same value: this is no test, and makes no other one harder."""
    within_bounds: bool
    """The test finds a difference as measured, and does not within the bounds."""
    answer: Answer


@dataclass(frozen=True, slots=True)
class ComparedSets:
    """The first set, and each other compared with it."""

    confidence: float
    sets: list[SetRow]
    runs_needed: int
    """So many runs on either side are the fewest with which a difference can be shown at all."""
    too_few: bool
    """A set has fewer, so that no difference could have been shown, however large."""
    notes: list[str]
    rows: list[Difference]

    def answers(self, answer: Answer) -> list[Difference]:
        """The rows with an answer."""
        return [row for row in self.rows if row.answer == answer]
