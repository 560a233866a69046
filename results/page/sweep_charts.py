"""Draws the figures of a sweep: maps over two axes, and curves over one with their confidence bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from results.page.canvas import (
    LOST,
    Canvas,
    ColumnDataSource,
    Figure,
    HoverTool,
    LinearColorMapper,
    cycled,
    span_of,
)
from results.page.shown import Chart
from results.sweeps.result import SweepResult
from results.sweeps.steps import Steps
from results.sweeps.summary import FAILED, Place, Together, border, by_relay, curve, grid
from results.verdict.value_text import metric_unit, number_text, unit_text

_HEAT = ("#2f7fb5", "#3f93b0", "#57a69f", "#7bb887", "#a9c46d", "#d8c45a", "#eab04b", "#ee8f45", "#e5673f", "#cf3d3c")
"""From little to much."""

_INK = "#111"
"""Of text on those."""


def metric_text(metric: str) -> str:
    """What a metric is called on the page."""
    return "share of decided runs that failed" if metric == FAILED else metric


def _with_unit(value: float | None, metric: str) -> str:
    if value is None:
        return "unknown"
    return f"{number_text(value)}{' %' if metric == FAILED else unit_text(metric_unit(metric))}"


def draw_grid(
    canvas: Canvas, target: str, results: Sequence[SweepResult], axes: tuple[Steps, Steps], metric: str
) -> Chart:
    """A map over two axes: the median, or the share, of all runs of each place, and the border between places that
    mostly pass and mostly fail."""
    x, y = axes
    cells = grid(results, x, y, metric)
    plot = canvas.over_steps(x.labels, 90 + 34 * max(3, len(y.labels)), y.labels)
    plot.xaxis.axis_label, plot.yaxis.axis_label = x.name, y.name
    source = ColumnDataSource(_columns(cells, x, y, metric))
    known = [cell.value for cell in cells.values() if cell.value is not None]
    high = 100.0 if metric == FAILED else max(known, default=1.0)
    low = 0.0 if metric == FAILED else min(known, default=0.0)
    mapper = LinearColorMapper(palette=list(_HEAT), low=low, high=max(high, low + 1e-9), nan_color="#00000000")
    style = {"fill_color": {"field": "value", "transform": mapper}, "line_color": None}
    quads = plot.quad("left", "right", "bottom", "top", source=source, **style)
    plot.text("x", "y", "text", source=source, text_align="center", text_baseline="middle", text_color=_INK,
              text_font_size="11px")  # fmt: skip
    _draw_border(plot, cells)
    shown = [(x.name, "@across"), (y.name, "@up"), (metric_text(metric), "@text"), ("runs", "@runs")]
    plot.add_tools(HoverTool(renderers=[quads], tooltips=shown))
    height = canvas.add(target, plot)
    label = f"{metric_text(metric)} over {x.name} and {y.name}: {_in_words(cells, x, y, metric)}"
    return Chart(target, "", label, height)


def _columns(cells: Mapping[Place, Together], x: Steps, y: Steps, metric: str) -> dict[str, list[object]]:
    places = [*cells.items()]
    return {
        "left": [across for (across, _), _ in places],
        "right": [across + 1 for (across, _), _ in places],
        "bottom": [up for (_, up), _ in places],
        "top": [up + 1 for (_, up), _ in places],
        "x": [across + 0.5 for (across, _), _ in places],
        "y": [up + 0.5 for (_, up), _ in places],
        "value": [float("nan") if cell.value is None else cell.value for _, cell in places],
        "text": [_with_unit(cell.value, metric) for _, cell in places],
        "across": [x.labels[across] for (across, _), _ in places],
        "up": [y.labels[up] for (_, up), _ in places],
        "runs": [_runs(cell) for _, cell in places],
    }


def _runs(cell: Together) -> str:
    return f"{cell.passed} passed, {cell.failed} failed, {cell.inconclusive} inconclusive"


def _draw_border(plot: Figure, cells: Mapping[Place, Together]) -> None:
    lines = [_edge(one, other) for one, other in border(cells)]
    if lines:
        plot.multi_line(xs=[xs for xs, _ in lines], ys=[ys for _, ys in lines], line_color=LOST, line_width=4)


def _edge(one: Place, other: Place) -> tuple[list[float], list[float]]:
    """The edge that two neighbouring places share."""
    (x, y), right = one, other[0] > one[0]
    return ([x + 1.0, x + 1.0], [float(y), y + 1.0]) if right else ([float(x), x + 1.0], [y + 1.0, y + 1.0])


def _in_words(cells: Mapping[Place, Together], x: Steps, y: Steps, metric: str) -> str:
    """The least and the largest value, and where they are."""
    known = {place: cell.value for place, cell in cells.items() if cell.value is not None}
    if not known:
        return "unknown"
    ends = [min(known, key=lambda place: known[place]), max(known, key=lambda place: known[place])]
    texts = [f"{_with_unit(known[each], metric)} at {x.labels[each[0]]}, {y.labels[each[1]]}" for each in ends]
    return f"from {texts[0]}, to {texts[1]}"


def draw_curve(canvas: Canvas, target: str, results: Sequence[SweepResult], axis: Steps, metric: str) -> Chart:
    """A line for each relay kind over the steps of an axis, in the band of its confidence interval."""
    plot = canvas.over_steps(axis.labels, 260)
    plot.xaxis.axis_label, plot.yaxis.axis_label = axis.name, "%" if metric == FAILED else metric
    relays = by_relay(results)
    legend, tops = [], [1e-9]
    for (relay, held), colour in zip(relays.items(), cycled(len(relays)), strict=True):
        points = {place: cell for place, cell in curve(held, axis, metric).items() if cell.value is not None}
        tops += [max(cell.value or 0.0, cell.high or 0.0) for cell in points.values()]
        _draw_line(plot, points, axis, metric, relay, colour)
        legend += [(colour, relay)] if relay else []
    plot.y_range = span_of(0, 104 if metric == FAILED else 1.06 * max(tops))
    height = canvas.add(target, plot)
    return Chart(target, "", f"{metric_text(metric)} over {axis.name}", height, tuple(legend))


def _draw_line(plot: Figure, points: Mapping[int, Together], axis: Steps, metric: str, relay: str, colour: str) -> None:
    banded = [(place, cell.low, cell.high) for place, cell in points.items() if cell.low is not None]
    at, lows = [place + 0.5 for place, _, _ in banded], [low for _, low, _ in banded]
    highs = [low if high is None else high for _, low, high in banded]
    plot.varea(x=at, y1=lows, y2=highs, fill_color=colour, fill_alpha=0.2)
    source = ColumnDataSource(
        {
            "x": [place + 0.5 for place in points],
            "y": [cell.value for cell in points.values()],
            "at": [axis.labels[place] for place in points],
            "text": [_with_unit(cell.value, metric) for cell in points.values()],
            "band": [_band(cell, metric) for cell in points.values()],
            "runs": [_runs(cell) for cell in points.values()],
            "relay": [relay for _ in points],
        }
    )
    plot.line("x", "y", source=source, color=colour, line_width=2)
    dots = plot.scatter("x", "y", source=source, color=colour, size=7)
    named = [("relay", "@relay")] if relay else []
    shown = [*named, (axis.name, "@at"), (metric_text(metric), "@text"), ("95 %", "@band"), ("runs", "@runs")]
    plot.add_tools(HoverTool(renderers=[dots], tooltips=shown))


def _band(cell: Together, metric: str) -> str:
    if cell.low is None or cell.high is None:
        return "too few runs"
    return f"{_with_unit(cell.low, metric)} … {_with_unit(cell.high, metric)}"
