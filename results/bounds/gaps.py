"""Gaps between packets of a stream that are silences, or that can be. Pure; times in ns."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from results.metrics.analysis import Analysis
from results.metrics.matching import UNMATCHED, Flags, Ints
from results.metrics.nearly_ordered import NO_ROW, by_stream

_CANDIDATE_INTERVALS = 1.5
"""Gaps between packets from this many nominal intervals on can be part of a silence: one packet is missing, or late."""


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """Silences not yet judged. `path`: the path log of the packet that ended each, 0 if none did.

    `before`, `after`: the rows in Packets of the last packet before and of the first after, -1 if there was none.
    `counted`: it is an interruption as measured.
    """

    stream: Ints
    from_ns: Ints
    until_ns: Ints
    path: Ints
    before: Ints
    after: Ints
    counted: Flags
    still: Flags

    def chosen(self, rows: Flags) -> Gaps:
        """Some of them."""
        return Gaps(*(getattr(self, field.name)[rows] for field in fields(self)))


def gaps_of(analysis: Analysis) -> Gaps:
    """Every interruption, and every other gap but pauses in which a packet was missing or late."""
    index = {stream.ssrc: number for number, stream in enumerate(analysis.matched.streams)}
    counted = [
        (index[each.stream.ssrc], each.started_ns, each.ended_ns, each.still, each.resumed_path)
        for each in analysis.interruptions
    ]
    stream, from_ns, until_ns, still, path = (
        (np.array(column, np.int64) for column in zip(*counted, strict=True))
        if counted
        else (np.empty(0, np.int64) for _ in range(5))
    )
    pauses = {(index[each.stream.ssrc], each.started_ns) for each in analysis.pauses}
    others = _other_gaps(analysis, pauses | set(zip(stream.tolist(), from_ns.tolist(), strict=True)))
    return Gaps(
        np.concatenate([stream, others.stream]),
        np.concatenate([from_ns, others.from_ns]),
        np.concatenate([until_ns, others.until_ns]),
        np.concatenate([path, others.path]),
        np.concatenate([_packet_at(analysis, stream, from_ns), others.before]),
        np.concatenate([_packet_at(analysis, stream, until_ns), others.after]),
        np.concatenate([np.ones(len(stream), dtype=bool), others.counted]),
        np.concatenate([still.astype(bool), others.still]),
    )


def _other_gaps(analysis: Analysis, known: set[tuple[int, int]]) -> Gaps:
    """Gaps between successive arrivals in which a packet was missing or late, less the pauses of speakers at their
    ends, without those of which stream and begin are known."""
    packets, arrivals = analysis.matched.packets, analysis.matched.arrivals
    first = np.flatnonzero(arrivals.packet >= 0)
    first = first[arrivals.received_ns[first] == packets.received_ns[arrivals.packet[first]]]
    rows, at_ns, stream = arrivals.packet[first], arrivals.received_ns[first], arrivals.stream[first]
    intervals = np.array([analysis.intervals.get(each.media, 0) for each in analysis.matched.streams], np.int64)
    interval_ns = intervals[stream[1:]]
    apart_ns = np.maximum(np.diff(at_ns), np.diff(packets.due_ns[rows]))
    wide = (np.diff(stream) == 0) & (interval_ns > 0) & (apart_ns >= _CANDIDATE_INTERVALS * interval_ns)
    gap = np.flatnonzero(wide)  # no pause of a speaker makes one wider
    after_ns, before_ns = analysis.speech.pauses_around(rows[gap], rows[gap + 1], interval_ns[gap])
    from_ns, until_ns = at_ns[gap] + after_ns, at_ns[gap + 1] - before_ns
    kept = apart_ns[gap] - after_ns - before_ns >= _CANDIDATE_INTERVALS * interval_ns[gap]
    kept &= np.array([key not in known for key in zip(stream[gap].tolist(), from_ns.tolist(), strict=True)], bool)
    gap, from_ns, until_ns = gap[kept], from_ns[kept], until_ns[kept]
    nothing = np.zeros(len(gap), dtype=bool)
    before, after = rows[gap], rows[gap + 1]
    return Gaps(stream[gap], from_ns, until_ns, packets.path[after], before, after, nothing, nothing)


def _packet_at(analysis: Analysis, direction: Ints, at_ns: Ints) -> Ints:
    """The row in Packets of what a direction, by its first stream, received at a time; -1 if nothing was."""
    of, received_ns, packet = _received(analysis)
    # In order of direction and time: one key for both makes it a single binary search.
    if not len(of) or not len(direction):
        return np.full(len(direction), NO_ROW, np.int64)
    start, span = received_ns.min(), np.ptp(received_ns) + 1
    keys = of * span + received_ns - start
    wanted = direction * span + np.clip(at_ns - start, 0, span - 1)
    found = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    there = (of[found] == direction) & (received_ns[found] == at_ns)
    rows: Ints = np.where(there, packet[found], NO_ROW)
    return rows


def _received(analysis: Analysis) -> tuple[Ints, Ints, Ints]:
    """Direction, time and row in Packets of every arrival, in order of the first two."""
    arrivals, speech = analysis.matched.arrivals, analysis.speech
    if np.array_equal(speech.direction, speech.packets.stream):
        return arrivals.stream, arrivals.received_ns, arrivals.packet
    known = arrivals.chosen(arrivals.packet != UNMATCHED)
    direction = speech.direction[known.packet]
    order = by_stream(direction, known.received_ns)
    return direction[order], known.received_ns[order], known.packet[order]
