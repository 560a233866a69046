"""Draws what changes over time between clusters: latency and loss of pairs, probes of links; and distributions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from results.metrics.streams import Floats
from results.page.canvas import (
    BLUE,
    GREEN,
    LOST,
    TICK_MS,
    Canvas,
    CustomJSTickFormatter,
    HoverTool,
    LinearScale,
    add_hover,
    cycled,
    draw_band,
    source_of,
    span_of,
)
from results.page.distributions import Distribution
from results.page.link_series import LinkSeries
from results.page.pair_series import PairSeries

_STEPS = 400
"""A distribution of fewer values is drawn as steps."""


def draw_pair(canvas: Canvas, target: str, series: PairSeries, at_s: Floats) -> int:
    """Latency, and loss, of a pair of clusters. This and the others give the height of the figure, in pixels."""
    plot = canvas.over_time(168, "one-way", y_axis_type="log", links=series.links)
    columns = {"at": at_s, "low": series.low, "middle": series.middle, "high": series.high, "lost": series.lost}
    source = source_of(columns)
    step = float(at_s[1] - at_s[0]) if len(at_s) > 1 else 0.02
    known = np.isfinite(series.high)
    top = 2 * float(series.high[known].max()) if known.any() else 10.0
    bottom = float(max(series.low[known].min() / 1.6, 0.01)) if known.any() else 1.0
    plot.y_range = span_of(bottom, max(top, 12 * bottom))
    plot.extra_y_ranges, plot.extra_y_scales = {"share": span_of(0, 5)}, {"share": LinearScale()}
    plot.vbar("at", 1.05 * step, "lost", source=source, color=LOST, line_alpha=0, y_range_name="share")
    draw_band(plot, source, step, BLUE)
    line = plot.line("at", "middle", source=source, color=BLUE, line_width=1.6)
    add_hover(plot, line, [("latency", "@low{0.0} … @middle{0.0} … @high{0.0} ms"), ("lost", "@lost{0.0 %}")])
    return canvas.add(target, plot)


def draw_distributions(canvas: Canvas, target: str, found: Sequence[Distribution], what: str) -> int:
    """Cumulative distributions."""
    plot = canvas.over_values(what, 250)
    for each, colour in zip(found, cycled(len(found)), strict=True):
        value, share = np.append(each.value_ms[:1], each.value_ms), np.append(0.0, each.share)
        source = source_of({"value": value, "share": share}, name=[each.name] * len(share))
        style = {"source": source, "color": colour, "line_width": 1.8}
        stepped = each.count < _STEPS
        line = plot.step("value", "share", mode="after", **style) if stepped else plot.line("value", "share", **style)
        tooltips = [("", "@name"), ("at most", "@value{0,0.0} ms"), ("share", "@share{0.0 %}")]
        plot.add_tools(HoverTool(renderers=[line], tooltips=tooltips, mode="mouse", line_policy="nearest"))
    return canvas.add(target, plot)


def draw_link(canvas: Canvas, target: str, series: LinkSeries, at_s: Floats) -> int:
    """Delay and loss of both directions of a link, and how much of their rates they carried."""
    plot = canvas.over_time(150, "probes", links=(series.name,))
    step = float(at_s[1] - at_s[0]) if len(at_s) > 1 else 0.02
    highest = [float(np.nanmax(way.high)) for way in series.ways if np.isfinite(way.high).any()]
    plot.y_range = span_of(0, 1.5 * max(highest, default=1.0))
    plot.extra_y_ranges = {"share": span_of(0, 5)}
    for way, colour in zip(series.ways, (BLUE, GREEN), strict=True):
        columns = {"at": at_s, "low": way.low, "middle": way.middle, "high": way.high, "lost": way.lost}
        source = source_of(columns, way=[str(way.direction)] * len(at_s))
        plot.vbar("at", 1.05 * step, "lost", source=source, color=LOST, line_alpha=0, y_range_name="share")
        draw_band(plot, source, step, colour)
        line = plot.line("at", "middle", source=source, color=colour, line_width=1.5)
        if len(way.used):
            used = source_of({"at": way.used_at_s, "used": way.used})
            plot.line("at", "used", source=used, color=colour, line_dash="dotted", y_range_name="share")
        shown = [("", "@way"), ("delay", "@low{0.00} … @middle{0.00} … @high{0.00} ms"), ("lost", "@lost{0.0 %}")]
        add_hover(plot, line, shown, mode="vline")
    plot.yaxis.formatter = CustomJSTickFormatter(code=TICK_MS)
    return canvas.add(target, plot)
