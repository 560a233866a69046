"""Data of the waterfall of reroutes. Pure; times in ms since the fault of each, or since it was seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from results.metrics.network_figures import LaneRow, RerouteParts, RerouteRow
from results.verdict.summary import Summary
from topologies.model import route_name

MOST_REROUTES = 6
"""Largest number of reroutes drawn: those with the longest interruptions, in their order."""

Step = Literal["detect", "decide", "install", "first packet", "relay", "recovered"]

STEPS: tuple[Step, ...] = ("detect", "decide", "install", "first packet", "relay", "recovered")


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of the interruption, from `start_ms` on; `length_ms` None: unknown."""

    name: Step
    start_ms: float
    length_ms: float | None


@dataclass(frozen=True, slots=True)
class Waterfall:
    """One reroute. `silence`: start and end of what the listener did not hear. `unexplained`: those of what of that no
    part has, in the place of parts that are not known, else before all. `unexplained_ms`: negative if parts are longer.

    `origin`: what the times count from. `under_way_ms`: how long from there the listener still heard what was past the
    fault; None: unknown. `still`: the silence lasted until the media end.
    """

    title: str
    note: str
    origin: Literal["the fault", "it was seen"]
    bars: tuple[Bar, ...]
    under_way_ms: float | None
    silence: tuple[float, float]
    unexplained: tuple[float, float]
    unexplained_ms: float
    still: bool

    @property
    def end_ms(self) -> float:
        """When all of it is over."""
        return max(self.silence[1], *(bar.start_ms + (bar.length_ms or 0.0) for bar in self.bars))


@dataclass(frozen=True, slots=True)
class ReroutePicture:
    """The reroutes that found or made listeners silent. `more`: how many of them are not drawn."""

    title: str
    waterfalls: tuple[Waterfall, ...]
    more: int


def reroute_picture(summary: Summary) -> ReroutePicture | None:
    """The picture of a run; None if no reroute found or made a listener silent."""
    silent = [row for row in summary.reroutes if row.interruption_ms is not None]
    longest = sorted(range(len(silent)), key=lambda place: -(silent[place].interruption_ms or 0.0))[:MOST_REROUTES]
    drawn = [waterfall for place in sorted(longest) for waterfall in _waterfalls(silent[place])]
    if not drawn:
        return None
    title = f"{summary.scenario}: {summary.verdict}"
    return ReroutePicture(title, tuple(drawn), len(silent) - len(drawn))


def _waterfalls(row: RerouteRow) -> Iterator[Waterfall]:
    if row.parts is None or row.interruption_ms is None:
        return
    lane = max(row.by_lane, key=lambda each: each.interruption_ms or 0.0)
    unexplained_ms = row.parts.unexplained_ms
    bars = tuple(_bars(row.parts))
    gap = next((bar for bar in bars if bar.length_ms is None and bar.name != "detect"), None)
    end_ms = bars[-1].start_ms + (bars[-1].length_ms or 0.0) + (max(0.0, unexplained_ms) if gap is bars[-1] else 0.0)
    start_ms = end_ms - row.interruption_ms
    hole_ms = gap.start_ms if gap else start_ms
    yield Waterfall(
        title=f"{row.link} {route_name(row.relays)}",
        note=_note(row, lane),
        origin="it was seen" if row.parts.detect_ms is None else "the fault",
        bars=bars,
        under_way_ms=None if row.parts.under_way_ms is None else 0.0 - row.parts.under_way_ms,
        silence=(start_ms, end_ms),
        unexplained=(hole_ms, hole_ms + max(0.0, unexplained_ms)),
        unexplained_ms=unexplained_ms,
        still=row.parts.still,
    )


def _bars(parts: RerouteParts) -> Iterator[Bar]:
    lengths = (
        parts.detect_ms,
        parts.decide_ms,
        parts.install_ms,
        parts.first_packet_ms,
        parts.relay_ms,
        parts.recovered_ms,
    )
    start_ms, hole_ms = 0.0, max(0.0, parts.unexplained_ms)
    for name, length_ms in zip(STEPS, lengths, strict=True):
        yield Bar(name, start_ms, length_ms)
        start_ms += length_ms or 0.0
        if length_ms is None and name != "detect":
            start_ms, hole_ms = start_ms + hole_ms, 0.0


def _note(row: RerouteRow, lane: LaneRow) -> str:
    """Who saw it, when, and whose interruption this is."""
    seen = f"seen by {row.detector} at {row.seen_at:.3f} s" if row.detector else f"seen at {row.seen_at:.3f} s"
    return f"{seen}; the stream silent longest is on lane {lane.lane}"
