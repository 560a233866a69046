"""What the page of a sweep shows: figures over its axes, the border between pass and fail, and the worst runs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from results.page.canvas import Canvas
from results.page.shown import Cell, Chart, Table
from results.page.sweep_charts import draw_curve, draw_grid, metric_text
from results.sweeps.result import AxisValue, SweepResult
from results.sweeps.steps import Number, Steps, steps_of, value_text
from results.sweeps.summary import LONGEST, Together, Turn, shown_metrics, turns, value_of, worst
from results.verdict.summary import Verdict
from results.verdict.value_text import number_text

PageOf = Callable[[SweepResult], str | None]
"""Where the report of a run is, from the sweep's page on; None if it is not there."""

_METRICS = 6
_WORST = 30
_TURNS = 60


@dataclass(frozen=True, slots=True)
class Panel:
    """A figure of several, of which the reader chooses one: by axes, as one word, and metric."""

    axes: str
    metric: str
    chart: Chart


@dataclass(frozen=True, slots=True)
class Choice:
    """Figures of which one is shown, and what there is to choose from: word and text of each."""

    id: str
    axes: tuple[tuple[str, str], ...]
    metrics: tuple[tuple[str, str], ...]
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class WorstRun:
    """A row of the worst runs. `link`: to its report, from the page; None if that is not there."""

    verdict: Verdict
    point: str
    longest: str
    reason: str
    run: str
    link: str | None
    machine: str


@dataclass(frozen=True, slots=True)
class SweepPage:
    """`total`: how many runs there are to be; `exact`: or at most so many."""

    name: str
    description: str
    total: int
    exact: bool
    verdict: Verdict
    counts: Mapping[str, int]
    maps: Choice
    curves: Choice
    border: Table
    more_turns: int
    worst: tuple[WorstRun, ...]
    figures: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SweepShape:
    """What a page needs to know of a sweep besides its results. `axes`: their names, in the order of the file;
    `logarithmic`: those that are."""

    name: str
    description: str
    total: int
    exact: bool
    axes: tuple[str, ...]
    logarithmic: AbstractSet[str]


def sweep_page(shape: SweepShape, results: Sequence[SweepResult], number: Number, page_of: PageOf) -> SweepPage:
    """The page of what is known of a sweep. `results`: in any order; `number`: of a value of an axis."""
    canvas, axes = Canvas(0.0, (), ()), [*_steps(shape, results, number)]
    metrics = shown_metrics(results, _METRICS)
    maps, curves = _maps(canvas, axes, metrics, results), _curves(canvas, axes, metrics, results)
    found = [*turns(results, axes)]
    rows = tuple(_turn_row(each) for each in found[:_TURNS])
    columns = ("axis", "passes", "fails", "all else being", "passed there", "failed there")
    border = Table("Where passing turns to failing, between points that were played", columns, rows, len(columns))
    verdicts = [each.verdict for each in results]
    counts = {verdict: verdicts.count(verdict) for verdict in ("pass", "fail", "inconclusive")}
    return SweepPage(
        shape.name,
        shape.description,
        shape.total,
        shape.exact,
        _verdict(counts),
        counts,
        maps,
        curves,
        border,
        max(0, len(found) - _TURNS),
        tuple(_worst_run(each, page_of(each)) for each in worst(results, _WORST)),
        canvas.documents(),
    )


def _verdict(counts: Mapping[str, int]) -> Verdict:
    if counts["fail"]:
        return "fail"
    return "pass" if counts["pass"] and not counts["inconclusive"] else "inconclusive"


def _steps(shape: SweepShape, results: Sequence[SweepResult], number: Number) -> Iterator[Steps]:
    """The axes of which there are different values."""
    for name in shape.axes:
        values: list[AxisValue] = [each.point[name] for each in results if name in each.point]
        if len(set(values)) > 1:
            yield steps_of(name, values, number, log=name in shape.logarithmic)


def _maps(canvas: Canvas, axes: Sequence[Steps], metrics: Sequence[str], results: Sequence[SweepResult]) -> Choice:
    pairs = [*itertools.combinations(axes, 2)]
    panels = [
        Panel(f"p{place}", metric, draw_grid(canvas, f"map-{place}-{number}", results, pair, metric))
        for place, pair in enumerate(pairs)
        for number, metric in enumerate(metrics)
    ]
    names = tuple((f"p{place}", f"{x.name} and {y.name}") for place, (x, y) in enumerate(pairs))
    return Choice("maps", names, tuple((each, metric_text(each)) for each in metrics), tuple(panels))


def _curves(canvas: Canvas, axes: Sequence[Steps], metrics: Sequence[str], results: Sequence[SweepResult]) -> Choice:
    panels = [
        Panel(f"a{place}", metric, draw_curve(canvas, f"curve-{place}-{number}", results, axis, metric))
        for place, axis in enumerate(axes)
        for number, metric in enumerate(metrics)
    ]
    names = tuple((f"a{place}", axis.name) for place, axis in enumerate(axes))
    return Choice("curves", names, tuple((each, metric_text(each)) for each in metrics), tuple(panels))


def _turn_row(turn: Turn) -> tuple[Cell, ...]:
    others = ", ".join(f"{name} {value_text(value)}" for name, value in turn.others.items())
    shares = [f"{count} of {cell.passed + cell.failed}" for count, cell in _counted(turn)]
    texts = (turn.axis, value_text(turn.passes), value_text(turn.fails), others, *shares)
    return tuple(map(Cell, texts))


def _counted(turn: Turn) -> tuple[tuple[int, Together], tuple[int, Together]]:
    return (turn.passing.passed, turn.passing), (turn.failing.failed, turn.failing)


def _worst_run(result: SweepResult, page: str | None) -> WorstRun:
    point = ", ".join(f"{name} {value_text(value)}" for name, value in result.point.items())
    longest = value_of(result, LONGEST)
    return WorstRun(
        result.played.verdict,
        point or f"seed {result.played.seed}",
        "unknown" if longest is None else f"{number_text(longest)} ms",
        next(iter(result.played.reasons), ""),
        result.played.run,
        page,
        result.machine,
    )
