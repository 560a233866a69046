"""What listeners heard: a row for each session, of which each half is what one end heard, over time. Pure.

Times are s since the media start, by arrival; delays in ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relay_app.streams import Stream
from results.metrics.analysis import Analysis
from results.metrics.interruptions import Interruption
from results.page.bins import SHORTEST_BIN_NS, Bins
from topologies.model import link_name

MOST_SESSIONS = 300
"""Largest number of rows: two pixels of a figure for each. Those silent longest are chosen."""

MOST_CELLS = 150_000
"""Halves of rows times bins: what a page of 5 MB has room for."""

MOST_SILENCES = 4000
"""Largest number of interruptions that can be pointed at, the longest."""

_PACKETS_PER_BIN = 2.5
"""Least width of a bin in packet intervals, as the shortest interruption: a stream without one has no blank bin."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session between `a` and `b`."""

    session: str
    group: str
    a: str
    b: str

    @property
    def between(self) -> str:
        """The two clusters as one text."""
        return link_name(self.a, self.b)


@dataclass(frozen=True, slots=True)
class Silence:
    """An interruption of the half `half` (0 above, 1 below) of row `row`."""

    row: int
    half: int
    started_s: float
    ended_s: float
    length_ms: float
    packets_lost: int
    still: bool


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """`latency_ms` float32[2 × rows, bins]: largest one-way latency of what a listener received in a bin, NaN if it
    received nothing; of row n, 2n is what `b` heard and 2n + 1 what `a` heard. `left_out`: sessions without a row."""

    rows: tuple[SessionRow, ...]
    bins: Bins
    latency_ms: NDArray[np.float32]
    silences: tuple[Silence, ...]
    left_out: int

    @property
    def bands(self) -> list[tuple[str, int, int]]:
        """Rows in a row of the same group: what they are, the first one, how many."""
        found: list[tuple[str, int, int]] = []
        for place, row in enumerate(self.rows):
            name = f"{row.group} {row.between}"
            if found and found[-1][0] == name:
                found[-1] = (name, found[-1][1], found[-1][2] + 1)
            else:
                found.append((name, place, 1))
        return found


def raster(analysis: Analysis) -> Raster | None:
    """The raster of a run; None if no stream was recorded at both ends."""
    streams = analysis.matched.streams
    if not streams:
        return None
    rows, left_out = _chosen(streams, analysis.interruptions)
    place = {row.session: number for number, row in enumerate(rows)}
    slowest_ns = int(_PACKETS_PER_BIN * max(analysis.intervals.values(), default=0))
    most = max(100, MOST_CELLS // (2 * len(rows)))
    bins = Bins.of(analysis, min(most, 700), max(SHORTEST_BIN_NS, slowest_ns))
    half_of = np.array([_half(stream, rows, place) for stream in streams], np.int64)
    silences = sorted(analysis.interruptions, key=lambda each: -each.length_ns)
    return Raster(
        rows=rows,
        bins=bins,
        latency_ms=_largest(analysis, bins, half_of, 2 * len(rows)),
        silences=tuple(_silence(analysis, each, rows, place) for each in silences if each.stream.session in place)[
            :MOST_SILENCES
        ],
        left_out=left_out,
    )


def _chosen(streams: Sequence[Stream], silences: Sequence[Interruption]) -> tuple[tuple[SessionRow, ...], int]:
    """The rows, by group and, within it, by when the longest silence began and ended."""
    sessions: dict[str, SessionRow] = {}
    for stream in streams:
        sessions.setdefault(stream.session, SessionRow(stream.session, stream.group, stream.source, stream.destination))
    longest: dict[str, Interruption] = {}
    for each in silences:
        before = longest.get(each.stream.session)
        if before is None or each.length_ns > before.length_ns:
            longest[each.stream.session] = each
    lengths = {name: -longest[name].length_ns if name in longest else 0 for name in sessions}
    kept = set(sorted(sessions, key=lambda name: lengths[name])[:MOST_SESSIONS])
    groups = list(dict.fromkeys(row.group for row in sessions.values()))
    rows = [row for row in sessions.values() if row.session in kept]
    rows.sort(key=lambda row: (groups.index(row.group), row.between, lengths[row.session], row.session))
    return tuple(rows), len(sessions) - len(rows)


def _half(stream: Stream, rows: Sequence[SessionRow], place: dict[str, int]) -> int:
    """The half row of a stream; -1 if its session has no row."""
    row = place.get(stream.session, -1)
    return -1 if row < 0 else 2 * row + (stream.destination != rows[row].b)


def _largest(analysis: Analysis, bins: Bins, half_of: NDArray[np.int64], halves: int) -> NDArray[np.float32]:
    packets = analysis.matched.packets
    number, half = bins.numbers(packets.received_ns), half_of[packets.stream]
    heard = packets.arrived & (half >= 0) & (number >= 0) & (number < bins.count)
    latency_ms = ((packets.received_ns[heard] - packets.sent_ns[heard]) / 1e6).astype(np.float32)
    cells = np.full(halves * bins.count, -np.inf, np.float32)
    np.maximum.at(cells, half[heard] * bins.count + number[heard], latency_ms)
    return np.where(np.isinf(cells), np.float32(np.nan), cells).reshape(halves, bins.count)


def _silence(analysis: Analysis, each: Interruption, rows: Sequence[SessionRow], place: dict[str, int]) -> Silence:
    row = place[each.stream.session]
    return Silence(
        row=row,
        half=int(each.stream.destination != rows[row].b),
        started_s=analysis.seconds(each.started_ns),
        ended_s=analysis.seconds(each.ended_ns),
        length_ms=each.length_ns / 1e6,
        packets_lost=each.packets_lost,
        still=each.still,
    )
