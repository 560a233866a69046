"""The page of a comparison of sets of runs: tables, and each metric's runs by set. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.comparison.compared_sets import ComparedSets, Difference, RunSet
from results.comparison.rows import DIFFERENCE_COLUMNS, answer_sentences, difference_rows, set_sentences
from results.page.canvas import Canvas, ColumnDataSource, HoverTool, cycled
from results.page.shown import Chart
from results.verdict.value_text import number_text, unit_text

MOST_PICTURES = 40
"""Of metrics in which a difference is shown all the same."""

_NAME_LENGTH = 26


@dataclass(frozen=True, slots=True)
class Compared:
    """A set beside the first one: its name, and a row of texts for each metric that is not the same in all runs."""

    name: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class ComparedContents:
    """Everything on the page. `answer`: the worst of all; `same`: metrics that are the same in all runs; `left_out`:
    how many metrics have no picture; `figures`: what the page's script draws."""

    title: str
    answer: str
    sets: tuple[str, ...]
    sentences: tuple[str, ...]
    columns: tuple[str, ...]
    compared: tuple[Compared, ...]
    same: tuple[str, ...]
    pictures: tuple[Chart, ...]
    left_out: int
    figures: tuple[Mapping[str, Any], ...]


def compared_contents(found: ComparedSets, sets: Sequence[RunSet]) -> ComparedContents:
    """The contents of the page. `sets`: those that were compared, in their order."""
    canvas = Canvas(0.0, (), ())
    drawn = _drawn(found)
    pictures = tuple(_picture(canvas, place, metric, found, sets) for place, metric in enumerate(drawn))
    others = [each.name for each in sets[1:]]
    told = {row.metric for row in found.rows if not row.same}
    return ComparedContents(
        title=" · ".join(dict.fromkeys(each.scenario for each in found.sets)),
        answer=_worst(found),
        sets=tuple(set_sentences(found)),
        sentences=tuple(answer_sentences(found)),
        columns=DIFFERENCE_COLUMNS,
        compared=tuple(Compared(name, tuple(difference_rows(found, name))) for name in others),
        same=tuple(dict.fromkeys(row.metric for row in found.rows if row.metric not in told)),
        pictures=pictures,
        left_out=len(told) - len(drawn),
        figures=tuple(canvas.documents()),
    )


def _worst(found: ComparedSets) -> str:
    if found.answers("worse"):
        return "worse"
    return "better" if found.answers("better") else "no difference shown"


def _drawn(found: ComparedSets) -> list[str]:
    """The metrics with a picture: those in which a difference is shown first."""
    shown = [row.metric for row in found.rows if row.answer != "no difference shown"]
    others = [row.metric for row in found.rows if not row.same]
    return [*dict.fromkeys([*dict.fromkeys(shown), *others])][: max(MOST_PICTURES, len(set(shown)))]


def _picture(canvas: Canvas, place: int, metric: str, found: ComparedSets, sets: Sequence[RunSet]) -> Chart:
    rows = {row.set: row for row in found.rows if row.metric == metric}
    unit = unit_text(next(iter(rows.values())).unit).strip()
    target, names = f"metric-{place}", [_short(number, each.name) for number, each in enumerate(sets, 1)]
    plot = canvas.over_sets(names, f"{metric}{f', {unit}' if unit else ''}")
    for name, each, colour in zip(names, sets, cycled(len(sets)), strict=True):
        source = ColumnDataSource(_runs(each, metric, name))
        plot.segment("low", "place", "high", "place", source=source, color=colour, line_alpha=0.45, line_width=2)
        dots = plot.scatter("value", "place", source=source, color=colour, size=8, fill_alpha=0.6)
        shown = [("run", "@run"), ("seed", "@seed"), ("value", "@told"), ("verdict", "@verdict")]
        plot.add_tools(HoverTool(renderers=[dots], tooltips=shown, mode="mouse"))
    answers = ", ".join(_answer(row, alone=len(sets) == 2) for row in rows.values())
    label = f"{metric} of each run by set: {answers}; medians {_medians(rows.values(), unit)}"
    return Chart(target, f"{metric}: {answers}", label, canvas.add(target, plot))


def _answer(row: Difference, *, alone: bool) -> str:
    return row.answer if alone else f"{row.set} {row.answer}"


def _medians(rows: Iterable[Difference], unit: str) -> str:
    sides = [(row.first.median, row.other.median) for row in rows]
    return ", ".join(f"{number_text(one)} and {number_text(other)} {unit}".rstrip() for one, other in sides)


def _runs(runs: RunSet, metric: str, name: str) -> dict[str, Any]:
    """A column each of what is drawn of the runs of which the value is known."""
    known = [(run, each) for run in runs.whole if (each := run.values.get(metric)) and each.value is not None]
    spread = [(0.6 * (number + 0.5) / len(known) - 0.3 if len(known) > 1 else 0.0) for number in range(len(known))]
    values = [each.value for _, each in known]
    return {
        "value": values,
        "low": [value if each.low is None else each.low for value, (_, each) in zip(values, known, strict=True)],
        "high": [value if each.high is None else each.high for value, (_, each) in zip(values, known, strict=True)],
        "place": [(name, offset) for offset in spread],
        "run": [run.run for run, _ in known],
        "seed": [str(run.seed) for run, _ in known],
        "verdict": [run.verdict for run, _ in known],
        "told": [number_text(value) for value in values if value is not None],
    }


def _short(number: int, name: str) -> str:
    """A name for an axis, that no two sets have."""
    return f"{number}  {name if len(name) <= _NAME_LENGTH else '…' + name[1 - _NAME_LENGTH :]}"
