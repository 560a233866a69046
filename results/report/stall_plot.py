"""Draws the stall plot: queue and lock of a relay, and below the one-way delay of every stream that passed it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from results.report.canvas import (
    BLUE,
    FAULT,
    GREEN,
    INK,
    PALE,
    SKY,
    VERMILION,
    Axes,
    Figure,
    LogNorm,
    ScalarMappable,
    save_png,
)
from results.report.stall_series import Band, StallPicture

_QUEUE, _WAITING, _LOCK, _MOVE = BLUE, SKY, VERMILION, GREEN
_LEFT, _RIGHT = 0.17, 0.86
_TWO_LINES = 0.06
"""Least share of the rows for which a band's label has two lines."""
_TICKS_MS = (10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000)


def plot_stall(picture: StallPicture, target: Path) -> None:
    """Draw the picture as a PNG file."""
    save_png(lambda: _figure(picture), target)


def _figure(picture: StallPicture) -> Figure:
    figure = Figure(figsize=(11, 8))
    figure.subplots_adjust(left=_LEFT, right=_RIGHT, top=0.87, bottom=0.08, hspace=0.16)
    queue, lock, streams = figure.subplots(3, 1, sharex=True, height_ratios=[1.1, 0.6, 5])
    figure.text(0.02, 0.955, picture.title, fontsize=14, fontweight="bold")
    figure.text(0.02, 0.922, f"relay {picture.relay}, version {picture.version}, and every stream that passed it")
    _draw_queue(queue, picture)
    _draw_lock(lock, picture)
    _draw_streams(figure, streams, picture)
    for ax in (queue, lock, streams):
        _mark_events(ax, picture)
    _name_events(queue, picture)
    streams.set_xlim(0, picture.end_s)
    streams.set_xlabel("time since media start, s (by arrival at the listener)")
    return figure


def _draw_queue(ax: Axes, picture: StallPicture) -> None:
    ax.fill_between(picture.at_s, picture.queue, step="post", color=_QUEUE, alpha=0.8, linewidth=0)
    ax.set_ylim(0, max(1, int(picture.queue.max(initial=0))) * 1.1)
    ax.set_ylabel("sessions\nto fetch", color=_QUEUE)
    other = ax.twinx()
    other.plot(picture.at_s, picture.waiting_kib / 1024, color=_WAITING, linewidth=1.3)
    other.set_ylim(bottom=0)
    other.set_ylabel("MiB waiting\nin buffers", color=_WAITING)
    other.spines["right"].set_visible(True)


def _draw_lock(ax: Axes, picture: StallPicture) -> None:
    ax.fill_between(picture.at_s, 100 * picture.lock_held, step="post", color=_LOCK, linewidth=0)
    ax.set_ylim(0, 105)
    ax.set_yticks([0, 100])
    ax.set_ylabel("cache lock\nheld, %", color=_LOCK)


def _draw_streams(figure: Figure, ax: Axes, picture: StallPicture) -> None:
    rows = len(picture.latency_ms)
    heard = picture.latency_ms[np.isfinite(picture.latency_ms)]
    low, high = (float(heard.min()), float(heard.max())) if heard.size else (1.0, 10.0)
    norm = LogNorm(max(low, 0.1), max(high, 10 * low, 1.0))
    mesh = ax.pcolormesh(
        picture.edges_s, np.arange(rows + 1), picture.latency_ms, norm=norm, cmap="viridis_r", rasterized=True
    )
    ax.set_ylim(rows, 0)
    labels = [_band_label(band, band.count / rows) for band in picture.bands]
    ax.set_yticks([band.first + band.count / 2 for band in picture.bands], labels, fontsize=9)
    ax.tick_params(axis="y", length=0)
    for band in picture.bands[1:]:
        ax.axhline(band.first, color=INK, linewidth=0.8)
    _draw_scale(figure, ax, mesh, norm)


def _draw_scale(figure: Figure, ax: Axes, mesh: ScalarMappable, norm: LogNorm) -> None:
    place = ax.get_position()
    bar = figure.colorbar(mesh, cax=figure.add_axes((_RIGHT + 0.015, place.y0, 0.012, place.height)))
    ticks = [tick for tick in _TICKS_MS if (norm.vmin or 0) <= tick <= (norm.vmax or 0)]
    bar.set_ticks(ticks, labels=[f"{tick} ms" if tick < 1000 else f"{tick // 1000} s" for tick in ticks])
    bar.minorticks_off()
    bar.ax.set_title("one-way\nlatency;\nblank:\nsilence", fontsize=8.5, loc="left", pad=8)


def _band_label(band: Band, share: float) -> str:
    """Label of a band: one line, or two if the band is high enough."""
    ends = f"{band.source} → {band.destination}"
    how = "moved here" if band.moved else "here before"
    return f"{ends}\n{band.count} streams {how}" if share > _TWO_LINES else ends


def _mark_events(ax: Axes, picture: StallPicture) -> None:
    for fault in picture.faults:
        ax.axvspan(fault.planned_at, fault.planned_until, color=FAULT, alpha=0.35, linewidth=0, zorder=0)
        for at_s in (fault.planned_at, fault.planned_until):
            ax.axvline(at_s, color=PALE, linewidth=0.8, linestyle=(0, (2, 2)))
    for reroute in picture.reroutes:
        ax.axvline(reroute.in_force_at, color=_MOVE, linewidth=1.3)
        if reroute.returned_at is not None:
            ax.axvline(reroute.returned_at, color=_MOVE, linewidth=1.3, linestyle=(0, (4, 2)))


def _name_events(ax: Axes, picture: StallPicture) -> None:
    names = [
        *((fault.planned_at, f"{fault.what} {fault.where}".rstrip(), INK) for fault in picture.faults[:1]),
        *((each.in_force_at, f"rerouted here at {each.in_force_at:.2f} s", _MOVE) for each in picture.reroutes[:1]),
    ]
    for line, (at_s, text, colour) in enumerate(names):
        ax.annotate(
            text,
            (at_s, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(3, 4 + 12 * (len(names) - 1 - line)),
            textcoords="offset points",
            fontsize=8.5,
            color=colour,
            annotation_clip=False,
        )
