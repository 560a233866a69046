"""Draws a relay from inside."""

from __future__ import annotations

from collections.abc import Mapping

from results.page.canvas import (
    BLUE,
    GREEN,
    ORANGE,
    PINK,
    TICK_MS,
    TICK_PERCENT,
    VERMILION,
    Canvas,
    CustomJSTickFormatter,
    Figure,
    FixedTicker,
    add_hover,
    source_of,
    span_of,
)
from results.page.relay_series import RelaySeries


def draw_relay(canvas: Canvas, targets: Mapping[str, str], series: RelaySeries) -> dict[str, int]:
    """Queue, lock, cache and fetches of a relay, one figure each, in the elements of `targets`; their heights."""
    drawn = {"queue": _queue, "lock": _lock, "cache": _cache, "fetches": _fetches}
    return {name: canvas.add(targets[name], draw(canvas, series)) for name, draw in drawn.items()}


def _queue(canvas: Canvas, series: RelaySeries) -> Figure:
    plot = canvas.over_time(130, "waiting", links=series.links)
    columns = {"at": series.at_s, "fetching": series.fetching, "held": series.held, "kib": series.waiting_kib}
    source = source_of(columns)
    plot.varea_step("at", 0, "fetching", step_mode="after", source=source, color=BLUE, alpha=0.35)
    line = plot.step("at", "fetching", source=source, color=BLUE, line_width=1.6, mode="after")
    plot.step("at", "held", source=source, color=ORANGE, line_width=1.4, mode="after")
    plot.y_range = span_of(0, 1.1 * max(1, int((series.fetching + series.held).max(initial=0))))
    shown = [("keys being fetched", "@fetching"), ("packets held", "@held"), ("in receive buffers", "@kib{0} KiB")]
    add_hover(plot, line, shown)
    return plot


def _lock(canvas: Canvas, series: RelaySeries) -> Figure:
    plot = canvas.over_time(96, "lock held", links=series.links)
    source = source_of({"at": series.at_s, "share": series.lock_held})
    plot.varea_step("at", 0, "share", step_mode="after", source=source, color=VERMILION, alpha=0.55)
    line = plot.step("at", "share", source=source, color=VERMILION, line_width=1.2, mode="after")
    plot.y_range = span_of(0, 1.05)
    plot.yaxis.ticker = FixedTicker(ticks=[0, 0.5, 1])
    plot.yaxis.formatter = CustomJSTickFormatter(code=TICK_PERCENT)
    add_hover(plot, line, [("lock held", "@share{0 %} of the time since the sample before")])
    return plot


def _cache(canvas: Canvas, series: RelaySeries) -> Figure:
    plot = canvas.over_time(96, "cached", links=series.links)
    source = source_of({"at": series.at_s, "cached": series.cached})
    line = plot.step("at", "cached", source=source, color=GREEN, line_width=1.6, mode="after")
    plot.y_range = span_of(0, 1.15 * max(1, int(series.cached.max(initial=0))))
    add_hover(plot, line, [("sessions in its cache", "@cached")])
    return plot


def _fetches(canvas: Canvas, series: RelaySeries) -> Figure:
    plot = canvas.over_time(110, "fetch took", links=series.links)
    source = source_of({"at": series.fetched_at_s, "took": series.fetch_ms})
    dots = plot.scatter("at", "took", source=source, color=PINK, size=5, alpha=0.75, line_alpha=0)
    plot.y_range = span_of(0, 1.15 * max(1.0, float(series.fetch_ms.max(initial=0))))
    plot.yaxis.formatter = CustomJSTickFormatter(code=TICK_MS)
    add_hover(plot, dots, [("fetch took", "@took{0.0} ms")], mode="mouse")
    return plot
