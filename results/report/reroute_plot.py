"""Draws the waterfall of reroutes from the data of `reroute_series.py`: one panel each, one line per part."""

from __future__ import annotations

from pathlib import Path

from results.report.canvas import BLUE, GREEN, INK, ORANGE, PALE, PINK, SKY, VERMILION, Axes, Figure, save_png
from results.report.reroute_series import STEPS, ReroutePicture, Waterfall

_COLOURS = dict(zip(STEPS, (BLUE, PINK, GREEN, SKY, VERMILION, ORANGE), strict=True))
_LEFT, _RIGHT = 0.12, 0.97
_LINE_INCHES = 0.24
_LINES = len(STEPS) + 2
"""Those of a panel: the parts, what was under way, and the silence."""
_PANEL_INCHES, _HEAD_INCHES, _FOOT_INCHES, _GAP_INCHES = _LINES * _LINE_INCHES, 1.15, 0.75, 0.8
_ROOM = 1.5
"""Width of a panel's axis by the length of what it shows, which leaves room for labels on the right."""
_LINE_ABOVE = 0.44


def plot_reroutes(picture: ReroutePicture, target: Path) -> None:
    """Draw the picture as a PNG file."""
    save_png(lambda: _figure(picture), target)


def _figure(picture: ReroutePicture) -> Figure:
    panels = len(picture.waterfalls)
    height = _HEAD_INCHES + panels * _PANEL_INCHES + (panels - 1) * _GAP_INCHES + _FOOT_INCHES
    figure = Figure(figsize=(11, height))
    figure.subplots_adjust(
        left=_LEFT,
        right=_RIGHT,
        top=1 - _HEAD_INCHES / height,
        bottom=_FOOT_INCHES / height,
        hspace=_GAP_INCHES / _PANEL_INCHES,
    )
    axes = figure.subplots(panels, 1, squeeze=False)[:, 0]
    figure.text(0.02, 1 - 0.3 / height, picture.title, fontsize=15, fontweight="bold", va="center")
    more = f"; {picture.more} shorter ones are not shown" if picture.more else ""
    subtitle = f"reroutes taken apart: of what the interruption of the stream silent longest is made{more}"
    figure.text(0.02, 1 - 0.58 / height, subtitle, color="#555555", va="center")
    for ax, waterfall in zip(axes, picture.waterfalls, strict=True):
        _draw(ax, waterfall)
    return figure


def _draw(ax: Axes, waterfall: Waterfall) -> None:
    start_ms, end_ms = min(0.0, waterfall.silence[0]), max(waterfall.end_ms, 1.0)
    ax.set_xlim(start_ms, start_ms + (end_ms - start_ms) * _ROOM)
    ax.set_ylim(_LINES, 0)
    ax.set_yticks([line + 0.5 for line in range(_LINES)], [*STEPS, "under way", "silence"], fontsize=9)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color="#e6e6e6", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.set_title(waterfall.title, loc="left", fontsize=10.5, fontweight="bold", pad=5)
    ax.set_title(waterfall.note, loc="right", fontsize=9, color="#555555", pad=5)
    ax.set_xlabel(f"ms since {waterfall.origin}", fontsize=9)
    for line, bar in enumerate(waterfall.bars):
        bar_end_ms = bar.start_ms + (bar.length_ms or 0.0)
        colour = _COLOURS[bar.name]
        if bar.length_ms is not None:
            # With an edge, so that what took next to no time is seen too.
            ax.barh(line + 0.5, bar.length_ms, left=bar.start_ms, height=0.72, color=colour, edgecolor=colour)
        if bar.length_ms is not None and line + 1 < len(waterfall.bars):
            ax.plot([bar_end_ms] * 2, [line + 0.5, line + 1 + _LINE_ABOVE], color=PALE, linewidth=0.8, zorder=0)
        _write(ax, "not known" if bar.length_ms is None else _milliseconds(bar.length_ms), bar_end_ms, line)
    _draw_silence(ax, waterfall)


def _draw_silence(ax: Axes, waterfall: Waterfall) -> None:
    start_ms, end_ms = waterfall.silence
    line = _LINES - 1
    if waterfall.under_way_ms is None:
        _write(ax, "not known", 0.0, line - 1)
    else:
        ax.barh(line - 0.5, waterfall.under_way_ms, height=0.72, color="none", edgecolor=PALE)
        text = f"−{_milliseconds(waterfall.under_way_ms)}: what was past the fault's place was still heard"
        _write(ax, text, waterfall.under_way_ms, line - 1)
    ax.barh(line + 0.5, end_ms - start_ms, left=start_ms, height=0.4, color=INK)
    from_ms, until_ms = waterfall.unexplained
    ax.barh(line + 0.5, until_ms - from_ms, left=from_ms, height=0.4, color=PALE, hatch="////", edgecolor=INK)
    length = _milliseconds(end_ms - start_ms)
    lasted = f"≥ {length}, still silent" if waterfall.still else length
    _write(ax, f"{lasted}; unexplained {_milliseconds(waterfall.unexplained_ms)}", end_ms, line)


def _write(ax: Axes, text: str, at_ms: float, line: int) -> None:
    ax.annotate(
        text,
        (at_ms, line + 0.5),
        xytext=(5, 0),
        textcoords="offset points",
        va="center_baseline",
        fontsize=9,
        annotation_clip=False,
    )


def _milliseconds(value: float) -> str:
    return f"{value:.1f} ms"
