"""Bounds of silences: of those that were interruptions, and of those that can have been. Pure; times in ns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from results.bounds.chains import Silent, last_moves, waits_in
from results.bounds.effects import Effects
from results.bounds.held_up import HeldUp
from results.metrics.analysis import Analysis, Evidence
from results.metrics.interruptions import INTERRUPTION_INTERVALS
from results.metrics.matching import Flags, Ints, Packets
from results.metrics.streams import Floats
from results.run_files.hold_ups import RunDelayPlace

_CANDIDATE_INTERVALS = 1.5
"""Gaps between packets from this many nominal intervals on can be part of a silence: one packet is missing, or late."""


_JOINED_INTERVALS = 3
"""Which packets pass while a lock changes hands depends on the order in which threads meet at it: sound of fewer
nominal intervals than this between two silences need not have been heard."""


@dataclass(frozen=True, slots=True, eq=False)
class BoundedSilences:
    """Silences, a row each; columns of equal length. `stream`: index of the measured stream. `least_ns` to `most_ns`:
    its length without the machine's doings; `most_ns` may be inf. `counted`: it was an interruption as measured."""

    stream: Ints
    from_ns: Ints
    until_ns: Ints
    interval_ns: Ints
    least_ns: Floats
    most_ns: Floats
    counted: Flags
    still: Flags

    @property
    def certain(self) -> Flags:
        """Flags those that are interruptions whatever the machine did."""
        found: Flags = self.counted & (self.least_ns >= INTERRUPTION_INTERVALS * self.interval_ns)
        return found

    @property
    def possible(self) -> Flags:
        """Flags those that can be interruptions."""
        found: Flags = self.counted | (self.most_ns >= INTERRUPTION_INTERVALS * self.interval_ns)
        return found

    def joined(self, held: HeldUp) -> BoundedSilences:
        """Silences of a stream between which no sound is certain as one: of what was heard hold-ups can be the cause,
        or the order in which threads met. Its least length is that of its longest part."""
        order = np.lexsort((self.from_ns, self.stream))
        each = self.chosen(order)
        ended_ns, begun_ns = each.until_ns[:-1], each.from_ns[1:]
        waits = held.waits(RunDelayPlace.RELAY, RunDelayPlace.DIRECTORY)
        longer_ns = np.maximum(each.most_ns - (each.until_ns - each.from_ns), 0.0)[:-1]
        sound_ns = begun_ns - ended_ns - longer_ns - held.time_in(ended_ns, begun_ns, waits)
        heard = sound_ns >= _JOINED_INTERVALS * each.interval_ns[1:]
        apart = (np.diff(each.stream) != 0) | heard
        starts = np.flatnonzero(np.concatenate([np.ones(min(1, len(order)), dtype=bool), apart]))
        if not len(starts):
            return self
        last = np.append(starts[1:], len(order)) - 1
        from_ns = each.from_ns[starts]
        return BoundedSilences(
            each.stream[starts],
            from_ns,
            each.until_ns[last],
            each.interval_ns[starts],
            np.maximum.reduceat(each.least_ns, starts),
            np.maximum.reduceat(each.from_ns + each.most_ns, starts) - from_ns,
            np.logical_or.reduceat(each.counted, starts),
            each.still[last],
        )

    def chosen(self, rows: Flags | Ints) -> BoundedSilences:
        """Some of them."""
        return BoundedSilences(
            self.stream[rows],
            self.from_ns[rows],
            self.until_ns[rows],
            self.interval_ns[rows],
            self.least_ns[rows],
            self.most_ns[rows],
            self.counted[rows],
            self.still[rows],
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Gaps:
    """Silences not yet judged. `path`: the path log of the packet that ended each, 0 if none did.
    `before`: the row in Packets of the last packet before, -1 if there was none."""

    stream: Ints
    from_ns: Ints
    until_ns: Ints
    path: Ints
    before: Ints
    counted: Flags
    still: Flags


def silences(evidence: Evidence, analysis: Analysis, effects: Effects) -> BoundedSilences:
    """Every interruption, and every other gap but pauses that without the machine's doings can have been one."""
    gaps = _gaps(analysis)
    intervals = np.array([analysis.intervals.get(each.media, 0) for each in analysis.matched.streams], np.int64)
    interval_ns = intervals[gaps.stream]
    late_ns = _late_before(analysis.matched.packets, effects, gaps)
    chance = _left_to_chance(evidence, analysis, effects, gaps, interval_ns)
    silent = Silent(gaps.stream, gaps.from_ns, effects.known_until(gaps.from_ns, gaps.until_ns), gaps.path)
    waits_ns = waits_in(evidence, analysis, effects.held, silent)
    found = BoundedSilences(
        gaps.stream,
        gaps.from_ns,
        gaps.until_ns,
        interval_ns,
        effects.shortest(gaps.from_ns, gaps.until_ns, interval_ns, waits_ns, chance),
        effects.longest(gaps.from_ns, gaps.until_ns, interval_ns, late_ns, chance),
        gaps.counted,
        gaps.still,
    )
    return found.chosen(found.possible)


def _gaps(analysis: Analysis) -> _Gaps:
    index = {stream.ssrc: number for number, stream in enumerate(analysis.matched.streams)}
    counted = [
        (index[each.stream.ssrc], each.started_ns, each.ended_ns, each.still, each.resumed_path)
        for each in analysis.interruptions
    ]
    stream, from_ns, until_ns, still, path = (
        (np.array(column, np.int64) for column in zip(*counted, strict=True))
        if (counted)
        else (np.empty(0, np.int64) for _ in range(5))
    )
    pauses = {(index[each.stream.ssrc], each.started_ns) for each in analysis.pauses}
    others = _other_gaps(analysis, pauses | set(zip(stream.tolist(), from_ns.tolist(), strict=True)))
    return _Gaps(
        np.concatenate([stream, others.stream]),
        np.concatenate([from_ns, others.from_ns]),
        np.concatenate([until_ns, others.until_ns]),
        np.concatenate([path, others.path]),
        np.concatenate([_packet_at(analysis, stream, from_ns), others.before]),
        np.concatenate([np.ones(len(stream), dtype=bool), others.counted]),
        np.concatenate([still.astype(bool), others.still]),
    )


def _other_gaps(analysis: Analysis, known: set[tuple[int, int]]) -> _Gaps:
    """Gaps between successive arrivals in which a packet was missing or late, without those of which stream and begin
    are known."""
    packets, arrivals = analysis.matched.packets, analysis.matched.arrivals
    first = np.flatnonzero(arrivals.packet >= 0)
    first = first[arrivals.received_ns[first] == packets.received_ns[arrivals.packet[first]]]
    rows, at_ns, stream = arrivals.packet[first], arrivals.received_ns[first], arrivals.stream[first]
    intervals = np.array([analysis.intervals.get(each.media, 0) for each in analysis.matched.streams], np.int64)
    apart_ns = np.maximum(np.diff(at_ns), np.diff(packets.due_ns[rows]))
    wide = (np.diff(stream) == 0) & (apart_ns >= _CANDIDATE_INTERVALS * intervals[stream[1:]])
    gap = np.flatnonzero(wide & (intervals[stream[1:]] > 0))
    new = np.array([key not in known for key in zip(stream[gap].tolist(), at_ns[gap].tolist(), strict=True)], bool)
    gap = gap[new]
    nothing = np.zeros(len(gap), dtype=bool)
    return _Gaps(stream[gap], at_ns[gap], at_ns[gap + 1], packets.path[rows[gap + 1]], rows[gap], nothing, nothing)


def _packet_at(analysis: Analysis, stream: Ints, at_ns: Ints) -> Ints:
    """The row in Packets of what a stream received at a time; -1 if nothing was."""
    arrivals = analysis.matched.arrivals
    # `arrivals` are in order of stream and time: one key for both makes it a single binary search.
    if not len(arrivals.stream) or not len(stream):
        return np.full(len(stream), -1, np.int64)
    start, span = arrivals.received_ns.min(), np.ptp(arrivals.received_ns) + 1
    keys = arrivals.stream * span + arrivals.received_ns - start
    wanted = stream * span + np.clip(at_ns - start, 0, span - 1)
    found = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    there = (arrivals.stream[found] == stream) & (arrivals.received_ns[found] == at_ns)
    rows: Ints = np.where(there, arrivals.packet[found], -1)
    return rows


def _left_to_chance(evidence: Evidence, analysis: Analysis, effects: Effects, gaps: _Gaps, interval_ns: Ints) -> Flags:
    """Flags silences of which a packet more or less can be no more than chance: a move ended them, at a time that has
    nothing to do with when packets are sent, or an edge of a fault was close to a packet."""
    packets, streams = analysis.matched.packets, analysis.matched.streams
    moved = last_moves(evidence, streams, gaps.stream, gaps.from_ns, gaps.until_ns) < gaps.until_ns
    sent_ns = (
        np.where(gaps.before >= 0, packets.sent_ns[gaps.before], gaps.from_ns)
        if len(packets.sent_ns)
        else (gaps.from_ns)
    )
    found: Flags = moved | effects.left_to_chance(sent_ns, gaps.from_ns, gaps.until_ns, interval_ns)
    return found


def _late_before(packets: Packets, effects: Effects, gaps: _Gaps) -> Ints:
    """By how much the packet before each gap can have been late, ns."""
    late = np.zeros(len(gaps.before), np.int64)
    known = np.flatnonzero(gaps.before >= 0)
    rows = gaps.before[known]
    late[known] = effects.held.media.overlap(packets.due_ns[rows], packets.received_ns[rows])
    return late
