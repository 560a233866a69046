"""What the results of a sweep say: over two axes, along one, where passing turns to failing, and which are worst.
Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import comb

from results.comparison.statistics import largest_share, least_share
from results.sweeps.result import RELAY, SEED, AxisValue, SweepResult
from results.sweeps.steps import Steps

CONFIDENCE = 0.95

FAILED = "failed"
"""In place of a metric: the share of the runs that were decided and failed, percent."""

LONGEST = "media.interruption_ms.max"

_WORST_FIRST = ("fail", "inconclusive", "pass")


@dataclass(frozen=True, slots=True)
class Together:
    """Several runs together. `value`: their median, or share in percent; `low`, `high`: the confidence interval of
    that; None where it is unknown, or of too few runs."""

    passed: int
    failed: int
    inconclusive: int
    value: float | None
    low: float | None
    high: float | None

    @property
    def fails(self) -> bool | None:
        """Whether more of the runs fail than pass; None if as many do, or none was decided."""
        return None if self.failed == self.passed else self.failed > self.passed


Place = tuple[int, int]


def grid(results: Iterable[SweepResult], x: Steps, y: Steps, metric: str) -> dict[Place, Together]:
    """The runs of each step of two axes, whatever their other values are."""
    held: dict[Place, list[SweepResult]] = {}
    for result in results:
        across, up = x.place(result), y.place(result)
        if across is not None and up is not None:
            held.setdefault((across, up), []).append(result)
    return {place: cell_of(each, metric) for place, each in held.items()}


def curve(results: Iterable[SweepResult], axis: Steps, metric: str) -> dict[int, Together]:
    """The runs of each step of an axis, whatever their other values are."""
    held: dict[int, list[SweepResult]] = {}
    for result in results:
        if (place := axis.place(result)) is not None:
            held.setdefault(place, []).append(result)
    return {place: cell_of(held[place], metric) for place in sorted(held)}


def by_relay(results: Sequence[SweepResult]) -> dict[str, list[SweepResult]]:
    """The results of each relay kind; all under one empty name where that is no axis."""
    found: dict[str, list[SweepResult]] = {}
    for result in results:
        found.setdefault(str(result.point.get(RELAY, "")), []).append(result)
    return found


def cell_of(results: Sequence[SweepResult], metric: str) -> Together:
    """These runs together."""
    verdicts = [each.verdict for each in results]
    passed, failed = verdicts.count("pass"), verdicts.count("fail")
    counts = (passed, failed, verdicts.count("inconclusive"))
    if metric == FAILED:
        return Together(*counts, *share(failed, passed + failed))
    known = [each for each in (value_of(result, metric) for result in results) if each is not None]
    return Together(*counts, *median(known))


def value_of(result: SweepResult, metric: str) -> float | None:
    """A metric of a run; None if it is unknown, or if the run did not come to its end."""
    measured = result.played.values.get(metric)
    return None if measured is None else measured.value


def share(count: int, of: int) -> tuple[float | None, float | None, float | None]:
    """A share in percent, and its confidence interval (Clopper and Pearson 1934)."""
    if not of:
        return None, None, None
    one_sided = (1 + CONFIDENCE) / 2
    return 100 * count / of, 100 * least_share(count, of, one_sided), 100 * largest_share(count, of, one_sided)


def median(values: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    """The median, and its confidence interval between two of the values in order, which holds whatever their
    distribution (David and Nagaraja, Order Statistics, 2003, §7.1): of fewer than 6 values there is none of 95 %."""
    if not values:
        return None, None, None
    ordered, number = sorted(values), len(values)
    middle = (ordered[(number - 1) // 2] + ordered[number // 2]) / 2
    rank = _rank(number)
    return (middle, None, None) if rank is None else (middle, ordered[rank - 1], ordered[number - rank])


def _rank(number: int) -> int | None:
    """The largest rank r, from 1, such that the median lies between the r-th value and the r-th from the end with the
    confidence; None if even between the outermost it does not."""
    outside, found = 0.0, None
    for rank in range(1, number // 2 + 1):
        outside += 2 * comb(number, rank - 1) / 2.0**number
        if outside > 1 - CONFIDENCE:
            break
        found = rank
    return found


def border(cells: Mapping[Place, Together]) -> Iterator[tuple[Place, Place]]:
    """Neighbouring places of which one mostly passes and the other mostly fails."""
    for (x, y), cell in cells.items():
        for neighbour in ((x + 1, y), (x, y + 1)):
            other = cells.get(neighbour)
            if other and None not in (cell.fails, other.fails) and cell.fails != other.fails:
                yield (x, y), neighbour


@dataclass(frozen=True, slots=True)
class Turn:
    """Between two values of an axis that follow each other, all others being equal, passing turns to failing."""

    axis: str
    passes: AxisValue
    fails: AxisValue
    others: Mapping[str, AxisValue]
    passing: Together
    failing: Together


def turns(results: Iterable[SweepResult], axes: Sequence[Steps]) -> Iterator[Turn]:
    """Every place where passing turns to failing, by axis, of points that were played; all seeds of one together."""
    points: dict[tuple[tuple[str, AxisValue], ...], list[SweepResult]] = {}
    for result in results:
        point = tuple(each for each in result.point.items() if each[0] != SEED)
        points.setdefault(point, []).append(result)
    cells = {point: cell_of(held, FAILED) for point, held in points.items()}
    for axis in axes:
        lines: dict[tuple[tuple[str, AxisValue], ...], dict[AxisValue, Together]] = {}
        for point, cell in cells.items():
            if axis.name in dict(point):
                lines.setdefault(_without(point, axis.name), {})[dict(point)[axis.name]] = cell
        for others, along in lines.items():
            yield from _turns_along(axis, along, dict(others))


def _without(point: tuple[tuple[str, AxisValue], ...], axis: str) -> tuple[tuple[str, AxisValue], ...]:
    return tuple(each for each in point if each[0] != axis)


def _turns_along(axis: Steps, cells: Mapping[AxisValue, Together], others: Mapping[str, AxisValue]) -> Iterator[Turn]:
    decided = [value for value in axis.places if value in cells and cells[value].fails is not None]
    for one, other in itertools.pairwise(decided):
        if cells[one].fails != cells[other].fails:
            fails, passes = (one, other) if cells[one].fails else (other, one)
            yield Turn(axis.name, passes, fails, others, cells[passes], cells[fails])


def worst(results: Iterable[SweepResult], count: int) -> list[SweepResult]:
    """The worst runs: those that fail first, then the longest interruption."""
    ordered = sorted(results, key=lambda each: (_WORST_FIRST.index(each.verdict), -(value_of(each, LONGEST) or 0.0)))
    return ordered[:count]


def shown_metrics(results: Sequence[SweepResult], most: int) -> list[str]:
    """`FAILED`, then metrics that the scenario expects something of, then others; those that are known of a run."""
    expected = (metric for result in results for metric in result.played.expected)
    every = (metric for result in results for metric in result.played.values)
    wanted = dict.fromkeys((LONGEST, *expected, *every))
    known = [each for each in wanted if any(value_of(result, each) is not None for result in results)]
    return [FAILED, *known[: most - 1]]
