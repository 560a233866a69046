"""Frames of video: which arrived whole, and where the picture froze. Pure; times in ns.

Which packets make a frame follows from the plan, by which they were computed. A frame counts as shown when the last of
its packets arrives, unless a later one was shown before: no jitter buffer and no decoder is modelled, so that frames
after a lost one are shown although they may refer to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from hostio.timing import MS, S
from relay_app.clients.media_schedule import Schedule
from relay_app.program_media import PROGRAM_MEDIA
from relay_app.streams import Stream, media_of, spans_of, streams_of
from results.metrics.matching import NEVER, UNMATCHED, Flags, Ints, Matched, row_of
from results.metrics.speech import Speech
from results.metrics.streams import Fates, slices
from results.run_files.plan import Plan
from results.run_files.records import Rows

AVERAGED = 30
"""Intervals between shown frames of which the average decides whether the next one is a freeze (W3C webrtc-stats)."""

LONGER, LONGER_NS = 3, 150 * MS
"""A freeze is an interval of so many averages, and so much more than one (W3C webrtc-stats, freezeCount)."""

_CANDIDATE_INTERVALS = 1.5
"""Gaps from this many frame intervals on can be a part of a freeze: a frame is missing, or late."""


@dataclass(frozen=True, slots=True, eq=False)
class Freezes:
    """Gaps between frames shown in turn that are freezes, or nearly; columns of equal length.

    `from_ns`, `until_ns`: without the pauses of a speaker in it. `due_ns`: when the last packet of the frame before was
    due; `path`: the path log of the frame after. `shortest_ns`: from which length on it is a freeze. `averaged`: how
    many intervals that follows from; `averaged_due_ns`, `averaged_from_ns`: when the last packet of their first frame
    was due, and when it arrived. `interval_ns`: nominal, between frames. `still`: no frame was shown any more.
    """

    stream: Ints
    from_ns: Ints
    until_ns: Ints
    due_ns: Ints
    path: Ints
    shortest_ns: Ints
    averaged: Ints
    averaged_due_ns: Ints
    averaged_from_ns: Ints
    interval_ns: Ints
    still: Flags

    @property
    def counted(self) -> Flags:
        """Flags those that are freezes."""
        found: Flags = self.until_ns - self.from_ns >= self.shortest_ns
        return found

    def chosen(self, rows: Flags | slice) -> Freezes:
        """Some of them."""
        return Freezes(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Every frame of which all packets were sent, by stream and in the order of sending; columns of equal length.

    `due_ns`: of its first packet. `shown_ns`: when its last packet arrived, or NEVER. `lost`: a packet of it was lost;
    one neither shown nor lost was under way when the media ended.
    """

    stream: Ints
    due_ns: Ints
    key: Flags
    shown_ns: Ints
    lost: Flags
    freezes: Freezes

    def chosen(self, rows: Flags | slice, freezes: Flags | slice) -> Frames:
        """Some of them, and some freezes."""
        columns = (field.name for field in fields(self) if field.name != "freezes")
        kept = {name: getattr(self, name)[rows] for name in columns}
        return Frames(**kept, freezes=self.freezes.chosen(freezes))

    def of_stream(self, number: int) -> Frames:
        """Those of one stream: rows of a stream follow one another."""
        rows, freezes = (
            slice(*np.searchsorted(each, (number, number + 1)).tolist()) for each in (self.stream, self.freezes.stream)
        )
        return self.chosen(rows, freezes)

    def of_streams(self, chosen: Flags) -> Frames:
        """Those of some streams."""
        return self.chosen(chosen[self.stream], chosen[self.freezes.stream])


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """Rows of Packets, first and last, of frames; columns of equal length."""

    first: Ints
    last: Ints
    key: Flags


def frames_of(plan: Plan, matched: Matched, speech: Speech, fate: Fates, start_ns: int, end_ns: int) -> Frames:
    """The frames of a run, and the freezes of its streams."""
    frame = _sent_frames(plan, matched, start_ns, end_ns)
    packets = matched.packets
    arrived = _of_each(np.logical_and, packets.arrived, frame)
    shown_ns = np.where(arrived, _of_each(np.maximum, packets.received_ns, frame), NEVER)
    lost = _of_each(np.logical_or, fate.lost, frame)
    found = [
        _freezes(frame, shown_ns, lost, matched, speech, rows, end_ns) for rows in slices(packets.stream[frame.first])
    ]
    names = [field.name for field in fields(Freezes)]
    columns = [np.concatenate([getattr(each, name) for each in found]) for name in names] if found else []
    freezes = Freezes(*columns) if found else _NO_FREEZES
    return Frames(packets.stream[frame.first], packets.due_ns[frame.first], frame.key, shown_ns, lost, freezes)


def _of_each(what: np.ufunc, values: Ints | Flags, frame: _Frame) -> Any:
    """A column of Packets, reduced to a value per frame."""
    edges = np.column_stack((frame.first, frame.last + 1)).ravel()
    return what.reduceat(np.append(values, values[:1]), edges)[::2] if len(edges) else values[:0]


def _sent_frames(plan: Plan, matched: Matched, start_ns: int, end_ns: int) -> _Frame:
    planned = _planned(plan, start_ns, end_ns)
    of_ssrc = {stream.ssrc: index for index, stream in enumerate(matched.streams)}
    parts = []
    for streams, packets in planned:
        index = np.array([of_ssrc.get(each.ssrc, UNMATCHED) for each in streams], np.int64)
        mine = index[packets["stream"]]
        kept = mine != UNMATCHED
        parts.append((mine[kept], *(packets[name][kept].astype(np.int64) for name in ("seq", "timestamp", "key"))))
    if not parts or not len(matched.packets.seq):
        nothing = np.empty(0, np.int64)
        return _Frame(nothing, nothing, nothing.astype(bool))
    stream, seq, timestamp, key = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((seq, stream))
    stream, seq, timestamp, key = (column[order] for column in (stream, seq, timestamp, key))
    begins = np.flatnonzero((np.diff(stream, prepend=-1) != 0) | (np.diff(timestamp, prepend=-1) != 0))
    row = row_of(stream, seq, matched.packets)
    whole = np.logical_and.reduceat(row != UNMATCHED, begins) if len(begins) else np.empty(0, bool)
    ends = np.append(begins[1:], len(row)) - 1
    return _Frame(row[begins][whole], row[ends[whole]], key[begins][whole].astype(bool))


def _planned(plan: Plan, start_ns: int, end_ns: int) -> Iterator[tuple[list[Stream], Rows]]:
    """The packets of pictures that each cluster's client was to send, with its streams, to which they refer."""
    streams, spans = streams_of(plan.sessions, plan.seed), spans_of(plan.sessions, plan.seed)
    media = media_of(plan.sessions)
    if not any(media[name].pictures for name in {each.media for each in streams} & media.keys()):
        return
    for source in dict.fromkeys(each.source for each in streams):
        own = [each for each in streams if each.source == source and each.media not in PROGRAM_MEDIA]
        # A second more than was sent: of a frame that the media's end cut, packets are then missing.
        schedule = Schedule(own, plan.seed, start_ns, spans, media)
        yield own, schedule.pictures(start_ns, end_ns + S)


def _freezes(
    frame: _Frame, shown_ns: Ints, lost: Flags, matched: Matched, speech: Speech, rows: slice, end_ns: int
) -> Freezes:
    """Those of one stream, and the gaps that are nearly one."""
    packets, first, last = matched.packets, frame.first[rows], frame.last[rows]
    stream = int(packets.stream[first[0]])
    interval_ns = int(np.median(np.diff(packets.due_ns[first]))) if len(first) > 1 else 0
    shown = _shown_in_turn(shown_ns[rows])
    at_ns = shown_ns[rows][shown]
    paused_ns = speech.paused_ns(last[shown[:-1]], first[shown[1:]], interval_ns)
    length_ns = np.diff(at_ns) - paused_ns
    ends_ns = min(end_ns, int(speech.ends_ns[stream]))
    missed = len(shown) > 1 and (bool(lost[rows][shown[-1] :].any()) or speech.withheld_ns[stream] < ends_ns)
    still = missed and ends_ns > at_ns[-1]
    if still:
        length_ns = np.append(length_ns, ends_ns - at_ns[-1])
    average_ns, averaged = _averages(length_ns)
    gap = np.flatnonzero((length_ns >= _CANDIDATE_INTERVALS * interval_ns) & (averaged > 0))
    path = np.append(packets.path[first[shown[1:]]], 0)
    return Freezes(
        stream=np.full(len(gap), stream),
        from_ns=at_ns[gap],
        until_ns=at_ns[gap] + length_ns[gap],
        due_ns=packets.due_ns[last[shown[gap]]],
        path=path[gap],
        shortest_ns=np.maximum(LONGER * average_ns, average_ns + LONGER_NS)[gap].astype(np.int64),
        averaged=averaged[gap],
        averaged_due_ns=packets.due_ns[last[shown[gap - averaged[gap]]]],
        averaged_from_ns=at_ns[gap - averaged[gap]],
        interval_ns=np.full(len(gap), interval_ns),
        still=(gap == len(shown) - 1),
    )


def _shown_in_turn(shown_ns: Ints) -> Ints:
    """The frames that were shown: those that arrived whole, and before all that were sent later."""
    whole = np.flatnonzero(shown_ns != NEVER)
    at_ns = shown_ns[whole]
    found: Ints = whole[at_ns <= np.minimum.accumulate(at_ns[::-1])[::-1]]
    return found


def _averages(length_ns: Ints) -> tuple[Ints, Ints]:
    """The average of the last 30 intervals before each, ns, and how many there were."""
    number = np.arange(len(length_ns))
    count = np.minimum(number, AVERAGED)
    total = np.append(0, np.cumsum(length_ns))
    average: Ints = (total[number] - total[number - count]) // np.maximum(count, 1)
    return average, count


_NO_FREEZES = Freezes(*(np.empty(0, bool if field.name == "still" else np.int64) for field in fields(Freezes)))
