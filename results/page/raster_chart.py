"""Draws the raster of sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from results.page.canvas import (
    LOST,
    Canvas,
    ColumnDataSource,
    CustomJS,
    CustomJSHover,
    Figure,
    FixedTicker,
    HoverTool,
    LogColorMapper,
    span_of,
)
from results.page.raster import Raster

_HEAT = ("#2f7fb5", "#3f93b0", "#57a69f", "#7bb887", "#a9c46d", "#d8c45a", "#eab04b", "#ee8f45", "#e5673f", "#cf3d3c")
"""From quick to slow, by equal steps of the logarithm."""

_ROW_CODE = """
const row = Math.floor(value)
if (format === "session") return names[row] ?? ""
if (format === "group") return groups[row] ?? ""
return (ears[row] ?? [])[value % 1 < 0.5 ? 0 : 1] ?? ""
"""
"""What a row of the raster is of, from where the pointer is."""


def draw_raster(canvas: Canvas, target: str, picture: Raster) -> int:
    """What each session heard. The height of the figure, in pixels."""
    rows = len(picture.rows)
    plot = canvas.over_time(min(max(4 * rows, 190), 600), None, shade=0.08, y_range=span_of(rows, 0))
    edges = picture.bins.edges_s
    heard = picture.latency_ms[np.isfinite(picture.latency_ms)]
    low, high = (float(heard.min()), float(heard.max())) if heard.size else (1.0, 10.0)
    mapper = LogColorMapper(
        palette=list(_HEAT), low=max(low, 0.1), high=max(high, 10 * low, 1.0), nan_color="#00000000"
    )
    image = plot.image(
        image=[picture.latency_ms], x=0, y=0, dw=float(edges[-1]), dh=rows, color_mapper=mapper, level="image"
    )
    names = [row.session for row in picture.rows]
    groups = [f"{row.group}, {row.between}" for row in picture.rows]
    ears = [[row.b, row.a] for row in picture.rows]
    who = CustomJSHover(args={"names": names, "groups": groups, "ears": ears}, code=_ROW_CODE)
    plot.add_tools(_heard_hover(image, who), _silences(plot, picture, names))
    plot.yaxis.ticker = FixedTicker(ticks=[first for _, first, _ in picture.bands])
    plot.yaxis.major_label_overrides = {first: f"{first + 1}" for _, first, _ in picture.bands}
    plot.ygrid.ticker = plot.yaxis.ticker
    return canvas.add(target, plot)


def _silences(plot: Figure, picture: Raster, names: Sequence[str]) -> HoverTool:
    each = picture.silences
    source = ColumnDataSource(
        {
            "left": [one.started_s for one in each],
            "right": [one.ended_s for one in each],
            "top": [one.row + one.half / 2 for one in each],
            "bottom": [one.row + one.half / 2 + 0.5 for one in each],
            "session": [names[one.row] for one in each],
            "ear": [(picture.rows[one.row].b, picture.rows[one.row].a)[one.half] for one in each],
            "length": [one.length_ms for one in each],
            "lost": [one.packets_lost for one in each],
            "still": [" and until the end" if one.still else "" for one in each],
        }
    )
    quads = plot.quad("left", "right", "top", "bottom", source=source, color=LOST, fill_alpha=0.07, line_alpha=0)
    tooltips = [
        ("session", "@session, heard in @ear"),
        ("silent", "@length{0,0.0} ms@still"),
        ("last packet before", "@left{0.000} s"),
        ("first packet after", "@right{0.000} s"),
        ("packets lost", "@lost"),
    ]
    return HoverTool(renderers=[quads], tooltips=tooltips, point_policy="follow_mouse")


_HEARD = "return Number.isFinite(cb_data.value)"
"""Silence is told by its interruption."""


def _heard_hover(image: Any, who: CustomJSHover) -> HoverTool:
    tooltips = [
        ("session", "$y{session}"),
        ("group", "$y{group}"),
        ("heard in", "$y{ear}"),
        ("at", "$x{0.00} s"),
        ("slowest packet", "@image{0.0} ms"),
    ]
    return HoverTool(
        renderers=[image], tooltips=tooltips, formatters={"$y": who}, filters={"@image": CustomJS(code=_HEARD)}
    )
