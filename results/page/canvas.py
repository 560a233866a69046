"""What all figures of the page have in common, as models of Bokeh, which draws them in the browser. Only here is bokeh
imported.

Colours of lines and areas are mid-tones that are told from each other, and from the page, by day and by night, with
colour vision deficiency too (Okabe and Ito, 2008). Text and axes get theirs in the browser, from the style sheet.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any, Literal

import numpy as np

from results.metrics.network_figures import FaultRow, RerouteRow

# Bokeh looks for the user's settings in his home, which he may not have.
os.environ.setdefault("HOME", sys.prefix)

from bokeh.document import Document
from bokeh.models import (
    BasicTicker,
    ColumnDataSource,
    CustomJS,
    CustomJSHover,
    CustomJSTickFormatter,
    FactorRange,
    FixedTicker,
    HoverTool,
    LinearColorMapper,
    LinearScale,
    LogColorMapper,
    LogTicker,
    Range1d,
)
from bokeh.plotting import figure as Figure  # noqa: N812 - a class

__all__ = [
    "ColumnDataSource",
    "CustomJS",
    "CustomJSHover",
    "CustomJSTickFormatter",
    "Figure",
    "FixedTicker",
    "HoverTool",
    "LinearColorMapper",
    "LinearScale",
    "LogColorMapper",
]

BLUE, VERMILION, GREEN, PINK, ORANGE, SKY = "#3b82c4", "#d9622b", "#159a78", "#c5729f", "#d9930d", "#56b4e9"
SERIES = (BLUE, VERMILION, GREEN, PINK, ORANGE, SKY, "#8a7fd6", "#8b8f94")
FAULT, MOVE, LOST = "#e0a92e", "#8a5fc7", "#d0402f"

TIME = "time"
"""Name of the range of every figure over time."""

TICK_MS = "return tick >= 1000 ? (tick / 1000) + ' s' : tick + ' ms'"
TICK_PERCENT = "return Math.round(100 * tick) + ' %'"
"""What BokehJS runs to write a tick, of ms and of shares."""

_LEFT, _RIGHT = 74, 16
"""Room beside every figure over time, so that their times are below each other."""


class Canvas:
    """The figures of one page. Each is a document of its own, so that the page can draw one after another; the page's
    script has those over time show the same time, by the name of their ranges."""

    def __init__(self, end_s: float, faults: Sequence[FaultRow], reroutes: Sequence[RerouteRow]) -> None:
        self._end_s = max(end_s, 0.001)
        self._faults, self._reroutes = faults, reroutes
        self._roots: dict[str, Figure] = {}

    def documents(self) -> list[Mapping[str, Any]]:
        """What the page's script gives to Bokeh: of each figure its element, its models, and which of these to show."""
        return [_document(target, root) for target, root in self._roots.items()]

    def add(self, target: str, plot: Figure) -> int:
        """Have the page show a figure in an element; its height there, in pixels."""
        self._roots[target] = plot
        return int(plot.height or 0)

    def over_time(
        self, height: int, label: str | None, *, links: Sequence[str] | None = None, shade: float = 0.2, **more: Any
    ) -> Figure:
        """An empty figure over the time of the run, with the faults, and the reroutes of some links or of all."""
        plot = Figure(
            height=height,
            sizing_mode="stretch_width",
            x_range=Range1d(start=0, end=self._end_s, bounds=(0, self._end_s), name=TIME),
            tools="xbox_zoom,xpan,reset",
            active_drag="xbox_zoom",
            toolbar_location=None,
            min_border=0,
            min_border_left=_LEFT,
            min_border_right=_RIGHT,
            **more,
        )
        plot.yaxis.axis_label = label
        plot.xaxis.formatter = CustomJSTickFormatter(code="return tick + ' s'")
        if more.get("y_axis_type") == "log":
            plot.yaxis.formatter = CustomJSTickFormatter(code=TICK_MS)
            plot.yaxis.ticker = LogTicker(desired_num_ticks=4, mantissas=[1, 3])
        else:
            plot.yaxis.ticker = BasicTicker(desired_num_ticks=3)
        self._mark(plot, links, shade)
        return _bare(plot)

    def over_values(self, label: str, height: int) -> Figure:
        """An empty figure of shares over times in ms, on a logarithmic scale."""
        plot = Figure(
            height=height,
            sizing_mode="stretch_width",
            x_axis_type="log",
            y_range=span_of(0, 1.04),
            tools="",
            min_border=0,
            min_border_left=52,
            min_border_right=_RIGHT,
        )
        plot.xaxis.axis_label = label
        plot.yaxis.formatter = CustomJSTickFormatter(code=TICK_PERCENT)
        plot.xaxis.formatter = CustomJSTickFormatter(code=TICK_MS)
        plot.xaxis.ticker = LogTicker(desired_num_ticks=5, mantissas=[1, 3])
        return _bare(plot)

    def over_sets(self, names: Sequence[str], label: str) -> Figure:
        """An empty figure of values, with a row for each name, the first at the top."""
        plot = Figure(
            height=70 + 44 * len(names),
            sizing_mode="stretch_width",
            y_range=FactorRange(factors=[*reversed(names)]),
            tools="",
            min_border=0,
            min_border_right=_RIGHT,
        )
        plot.xaxis.axis_label = label
        return _bare(plot)

    def over_steps(self, labels: Sequence[str], height: int, upwards: Sequence[str] | None = None) -> Figure:
        """An empty figure over steps, each one wide, with their labels; over those of `upwards` too, if given."""
        plot = Figure(height=height, sizing_mode="stretch_width", tools="", min_border=0)
        plot.x_range = span_of(0, len(labels))
        if upwards is not None:
            plot.y_range = span_of(0, len(upwards))
        for axis, steps in ((plot.xaxis, labels), (plot.yaxis, upwards)):
            if steps is not None:
                axis.ticker = FixedTicker(ticks=[place + 0.5 for place in range(len(steps))])
                axis.major_label_overrides = {place + 0.5: text for place, text in enumerate(steps)}
        return _bare(plot)

    def _mark(self, plot: Figure, links: Sequence[str] | None, shade: float) -> None:
        """Faults as shaded times, reroutes as lines, dashed the way back: those of some links, or all."""
        starts = [each.planned_at if each.applied_at is None else each.applied_at for each in self._faults]
        ends = [each.planned_until if each.applied_until is None else each.applied_until for each in self._faults]
        if starts:
            style = {"fill_color": FAULT, "fill_alpha": shade, "line_color": FAULT, "line_alpha": 0.5}
            plot.vstrip(x0=starts, x1=ends, level="underlay", **style)
        moved = [row for row in self._reroutes if links is None or row.link in links]
        back = [row.returned_at for row in moved if row.returned_at is not None]
        for times, dash in (([row.in_force_at for row in moved], "solid"), (back, "dashed")):
            if times:
                plot.vspan(x=times, line_color=MOVE, line_dash=dash, line_width=1.3)


def _document(target: str, root: Figure) -> Mapping[str, Any]:
    document = Document()
    document.add_root(root)
    return {"target": target, "root": root.id, "models": document.to_json(deferred=False)}


def span_of(start: float, end: float) -> Range1d:
    """What an axis shows."""
    return Range1d(start=start, end=end)


def source_of(columns: Mapping[str, Any], **texts: list[str]) -> ColumnDataSource:
    """Numbers as 32-bit floats, which halves the page; text as it is."""
    return ColumnDataSource({**{name: np.asarray(each, np.float32) for name, each in columns.items()}, **texts})


def add_hover(plot: Figure, line: Any, shown: list[tuple[str, str]], mode: Literal["mouse", "vline"] = "vline") -> None:
    """Have a line tell its values where the pointer is: names, and fields of its columns."""
    plot.add_tools(HoverTool(renderers=[line], tooltips=[("at", "@at{0.00} s"), *shown], mode=mode))


def cycled(count: int) -> Iterable[str]:
    """The colours of so many lines of one figure."""
    return (SERIES[number % len(SERIES)] for number in range(count))


def draw_band(plot: Figure, source: ColumnDataSource, step: float, colour: str) -> None:
    """From least to largest of each bin; nothing is drawn across bins without a value."""
    plot.vbar(
        "at", step, "high", "low", source=source, fill_color=colour, fill_alpha=0.3, line_color=colour, line_alpha=0.3
    )


def _bare(plot: Figure) -> Figure:
    plot.toolbar_location = None
    plot.outline_line_color = None
    plot.background_fill_alpha = plot.border_fill_alpha = 0
    plot.xgrid.visible = False
    for axis in plot.axis:
        axis.minor_tick_line_color = None
        axis.major_tick_line_color = None
        axis.axis_line_color = None
    return plot


def bokeh_script() -> str:
    """BokehJS, minified: what draws the models."""
    return (files("bokeh") / "server/static/js/bokeh.min.js").read_text(encoding="utf-8")
