"""Draws the latency plot from the data of `latency_series.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from results.metrics.network_figures import FaultRow, RerouteRow
from results.metrics.streams import Floats
from results.report.canvas import (
    BLUE,
    FAULT,
    GREEN,
    INK,
    ORANGE,
    PALE,
    PINK,
    SKY,
    VERMILION,
    Axes,
    Figure,
    Line2D,
    Patch,
    save_png,
)
from results.report.latency_series import LatencyPicture, Panel, Route, RouteLatency
from topologies.model import route_name

MOST_PANELS = 12
"""Largest number of directions drawn; those with most interrupted streams are chosen."""

MOST_EVENTS = 16
"""Largest number of faults and reroutes with a line above the panels; the rest is one line with their number. The
panels mark all."""

_DIRECT = BLUE
_NOT_TOLD = "#777777"
_VIA = (VERMILION, GREEN, PINK, SKY, ORANGE)
_LOST = INK
_LOSS_HEIGHT = 0.14
_LEFT, _RIGHT = 0.07, 0.85
_CHARACTERS = 122
"""Characters of a label that fit between left and right margin."""


@dataclass(frozen=True, slots=True)
class _Span:
    """A fault or reroute as a bar above the panels.

    In the panels a fault is shaded; a reroute of a `link` is a line at its start and end, in the panels of that link.
    """

    start_s: float
    end_s: float
    label: str
    suffix: str
    colour: str
    link: str | None
    bars: tuple[tuple[float, float], ...] = ()
    """Start and end of each bar, s, if there are several."""

    @property
    def shaded(self) -> tuple[tuple[float, float], ...]:
        """Start and end of every bar, s."""
        return self.bars or ((self.start_s, self.end_s),)


def plot_latency(picture: LatencyPicture, target: Path) -> None:
    """Draw the picture as a PNG file."""
    save_png(lambda: _figure(picture), target)


def _figure(picture: LatencyPicture) -> Figure:
    panels = sorted(picture.panels, key=lambda panel: -panel.interrupted)[:MOST_PANELS]
    colours = _colours(panels)
    spans = _spans(picture, colours)
    lines = min(len(spans), MOST_EVENTS + 1)
    heights = [0.3 * max(lines, 1), *[2.0] * max(len(panels), 1)]
    total = sum(heights) + 0.25 * len(panels) + 1.9
    figure = Figure(figsize=(11, total))
    figure.subplots_adjust(left=_LEFT, right=_RIGHT, top=1 - 0.85 / total, bottom=0.95 / total, hspace=0.25)
    strip, *axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    _draw_header(figure, picture, total)
    _draw_strip(strip, spans, picture.end_s)
    top = _ceiling_ms(panels)
    for ax, panel in zip(axes, panels, strict=False):
        _draw_panel(ax, panel, picture.at_s, colours, top)
        _mark_spans(ax, panel, spans)
    if not panels:
        axes[0].text(0.5, 0.5, "no stream was recorded at both ends", ha="center", transform=axes[0].transAxes)
    axes[-1].set_xlabel("time since media start, s")
    _draw_legend(figure, picture.bin_ms)
    return figure


def _colours(panels: Sequence[Panel]) -> dict[Route, str]:
    """Colours of routes: direct, and what is not told, are always the same; each other takes the next."""
    routes = sorted({route.via for panel in panels for route in panel.routes if route.via})
    return {(): _DIRECT, None: _NOT_TOLD} | {via: _VIA[index % len(_VIA)] for index, via in enumerate(routes)}


def _spans(picture: LatencyPicture, colours: Mapping[Route, str]) -> list[_Span]:
    spans = _fault_spans(picture.faults)
    spans += [_reroute_span(each, picture.end_s, colours) for each in picture.reroutes]
    seen = [replace(span, end_s=min(span.end_s, picture.end_s)) for span in spans if span.start_s < picture.end_s]
    return sorted(seen, key=lambda span: span.start_s)


def _fault_spans(faults: Sequence[FaultRow]) -> list[_Span]:
    """A span per fault; faults of the same word, place and length share one."""
    alike: dict[tuple[str, str, float], list[FaultRow]] = {}
    for fault in faults:
        length_s = round(fault.planned_until - fault.planned_at, 6)
        alike.setdefault((fault.what, fault.where, length_s), []).append(fault)
    return [_fault_span(each, length_s) for (_, _, length_s), each in alike.items()]


def _fault_span(faults: Sequence[FaultRow], length_s: float) -> _Span:
    bars = tuple(map(_bar, faults))
    length = f"{length_s:.1f} s" if length_s >= 1 else f"{1000 * length_s:.0f} ms"
    times = f"{len(bars)} × " if len(bars) > 1 else ""
    what = f"{faults[0].what} {faults[0].where}".rstrip()
    label = f"{what}, {times}{length}"
    return _Span(bars[0][0], bars[-1][1], label, "", FAULT, None, bars)


def _bar(fault: FaultRow) -> tuple[float, float]:
    start = fault.planned_at if fault.applied_at is None else fault.applied_at
    end = fault.planned_until if fault.applied_until is None else fault.applied_until
    return start, end


def _reroute_span(reroute: RerouteRow, end_s: float, colours: Mapping[Route, str]) -> _Span:
    after = "" if reroute.fault_at is None else f", {reroute.in_force_at - reroute.fault_at:.2f} s after the fault"
    returned = "" if reroute.returned_at is None else f"returned at {reroute.returned_at:.2f} s"
    end = end_s if reroute.returned_at is None else reroute.returned_at
    colour = colours.get(reroute.relays, PALE)
    label = f"reroute {route_name(reroute.relays)}{after}"
    return _Span(reroute.in_force_at, end, label, returned, colour, link=reroute.link)


def _draw_header(figure: Figure, picture: LatencyPicture, height: float) -> None:
    figure.text(_LEFT, 1 - 0.3 / height, picture.title, fontsize=15, fontweight="bold", va="center")
    figure.text(_LEFT, 1 - 0.6 / height, picture.subtitle, color="#555555", va="center")


def _draw_strip(ax: Axes, spans: Sequence[_Span], end_s: float) -> None:
    ax.set_xlim(0, max(end_s, 0.001))
    named, more = spans[:MOST_EVENTS], len(spans) - MOST_EVENTS
    ax.set_ylim(max(len(named) + (more > 0), 1), 0)
    ax.set_axis_off()
    if more > 0:
        _write(ax, f"and {more} more: events.jsonl, controller.jsonl", (0, MOST_EVENTS + 0.5), "left")
    for row, span in enumerate(named):
        for start_s, until_s in span.shaded:
            ax.barh(row + 0.5, until_s - start_s, left=start_s, height=0.76, color=span.colour, alpha=0.5)
        for text, at_s, side in _labels(span, _CHARACTERS / max(end_s, 0.001)):
            _write(ax, text, (at_s, row + 0.5), side)


def _labels(span: _Span, characters_per_s: float) -> list[tuple[str, float, Literal["left", "right"]]]:
    """Texts of a span, each with its time and the end of it that is there: in the bar if it fits, else beside it."""
    if len(span.label) < (span.end_s - span.start_s) * characters_per_s:
        return [(span.label, span.start_s, "left"), (span.suffix, span.end_s, "left")]
    text = "; ".join(part for part in (span.label, span.suffix) if part)
    if len(text) < _CHARACTERS * (1 - _LEFT) / (_RIGHT - _LEFT) - span.end_s * characters_per_s:
        return [(text, span.end_s, "left")]
    return [(text, span.start_s, "right")]


def _write(ax: Axes, text: str, at: tuple[float, float], side: Literal["left", "right"]) -> None:
    gap = (5, 0) if side == "left" else (-5, 0)
    ax.annotate(
        text,
        at,
        xytext=gap,
        textcoords="offset points",
        ha=side,
        va="center_baseline",
        fontsize=9,
        annotation_clip=False,
    )


def _draw_panel(ax: Axes, panel: Panel, at_s: Floats, colours: Mapping[Route, str], top: float) -> None:
    for route in panel.routes:
        _draw_route(ax, route, at_s, colours[route.via])
    _draw_loss(ax, panel, at_s)
    _name_routes(ax, panel.routes, colours, top)
    ax.set_ylim(0, top)
    ax.set_ylabel("one-way, ms")
    ax.grid(axis="y", color="#e6e6e6", linewidth=0.6)
    ax.set_axisbelow(True)
    still = f", {panel.still_interrupted} until the end" if panel.still_interrupted else ""
    heard = f"{panel.interrupted} of {panel.directions} streams interrupted{still}"
    ax.set_title(f"{panel.source} → {panel.destination}", loc="left", fontsize=10.5, fontweight="bold", pad=4)
    ax.set_title(heard, loc="right", fontsize=9, color="#555555", pad=4)


def _draw_route(ax: Axes, route: RouteLatency, at_s: Floats, colour: str) -> None:
    ax.fill_between(at_s, route.low_ms, route.high_ms, color=colour, alpha=0.25, linewidth=0)
    ax.plot(at_s, route.median_ms, color=colour, linewidth=1.3, marker="o", markersize=1.3, markeredgewidth=0)
    if route.one_way_ms is not None:
        ax.axhline(route.one_way_ms, color=colour, linewidth=0.7, linestyle=(0, (4, 3)), alpha=0.7)


def _draw_loss(ax: Axes, panel: Panel, at_s: Floats) -> None:
    """Share of packets lost, as bars at the bottom; full height: all."""
    foot = panel.lost * _LOSS_HEIGHT
    ax.fill_between(at_s, 0, foot, step="mid", color=_LOST, linewidth=0, transform=ax.get_xaxis_transform())


def _name_routes(ax: Axes, routes: Sequence[RouteLatency], colours: Mapping[Route, str], top: float) -> None:
    """Labels of routes beside their lines, moved apart where they would overlap."""
    floor = 0.0
    labels = [(at_ms, route) for route in routes if (at_ms := _label_ms(route)) is not None]
    for at_ms, route in sorted(labels, key=lambda each: each[0]):
        height = max(at_ms / top, floor)
        floor = height + 0.19
        label = "route not told" if route.via is None else f"{route_name(route.via)}\nemulated {at_ms:.2f} ms"
        ax.text(1.008, height, label, fontsize=8.5, va="center", color=colours[route.via], transform=ax.transAxes)


def _label_ms(route: RouteLatency) -> float | None:
    """Where the label of a route is: at its emulated delay or, if the route is not told, amid its line."""
    if route.via is None and not np.isnan(route.median_ms).all():
        return float(np.nanmedian(route.median_ms))
    return route.one_way_ms


def _mark_spans(ax: Axes, panel: Panel, spans: Sequence[_Span]) -> None:
    for span in spans:
        if span.link is None:
            for start_s, until_s in span.shaded:
                ax.axvspan(start_s, until_s, color=span.colour, alpha=0.3, linewidth=0, zorder=0)
        elif span.link in panel.links:
            for at_s in (span.start_s, span.end_s):
                ax.axvline(at_s, color=span.colour, linewidth=1.1, zorder=1)


def _ceiling_ms(panels: Sequence[Panel]) -> float:
    highest = [float(np.nanmax(route.high_ms)) for panel in panels for route in panel.routes if route.high_ms.size]
    return 1.12 * max(highest, default=1.0)


def _draw_legend(figure: Figure, bin_ms: float) -> None:
    handles = [
        Line2D([], [], color=_DIRECT, linewidth=1.3, label=f"median of {bin_ms:g} ms"),
        Patch(color=_DIRECT, alpha=0.25, label="1st to 99th percentile"),
        Line2D([], [], color=_DIRECT, linewidth=0.7, linestyle=(0, (4, 3)), label="emulated delay"),
        Patch(color=FAULT, alpha=0.55, label="fault"),
        Patch(color=_LOST, label="packets lost (bar at the foot, full height: all)"),
    ]
    figure.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.06, 0.0), ncols=5, frameon=False, fontsize=8.5)
