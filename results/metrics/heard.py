"""The packets that arrived, in the order in which each direction of a session heard them. Pure; times in ns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from results.metrics.matching import Flags, Ints, Matched, Packets
from results.metrics.nearly_ordered import by_stream
from results.metrics.speech import NO_ROW, Speech


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """The packets that arrived, `row` in Packets, by direction and order of arrival; `direction`: its number, of each.

    Of the directions, whose rows follow one another: `rows`, the first packet sent of each, and behind the last one;
    `heard`, likewise the first of `row`; `interval_ns`: 0 of those whose packet interval is not known.
    """

    row: Ints
    direction: Ints
    rows: Ints
    heard: Ints
    interval_ns: Ints

    def with_open_ends(self, packets: Packets, speech: Speech, media_end_ns: int) -> list[int]:
        """The directions of which nothing was heard, or not the first packet, or not the last, or whose client withheld
        the last ones."""
        nothing = np.diff(self.heard) == 0
        first = np.append(self.row, NO_ROW)[self.heard[:-1]]
        last = np.maximum.reduceat(np.append(self.row, NO_ROW), self.heard[:-1]) if len(nothing) else first
        last_stream = packets.stream[self.rows[1:] - 1]
        withheld = speech.withheld_ns[last_stream] < np.minimum(speech.ends_ns[last_stream], media_end_ns)
        found = nothing | (first > self.rows[:-1]) | (speech.next_talk[last] != NO_ROW) | withheld
        numbers: list[int] = np.flatnonzero(found & (self.interval_ns > 0)).tolist()
        return numbers


def heard_of(matched: Matched, speech: Speech, intervals: Mapping[str, int]) -> Heard:
    """Those of the measured streams. `intervals`: nominal packet interval by media, ns."""
    packets = matched.packets
    rows = np.flatnonzero(np.diff(speech.direction, prepend=NO_ROW, append=NO_ROW))
    number = np.repeat(np.arange(len(rows) - 1), np.diff(rows)) if len(rows) else speech.direction
    arrived = np.flatnonzero(packets.arrived)
    row = arrived[by_stream(number[arrived], packets.received_ns[arrived])]
    direction = number[row]
    media = [matched.streams[stream].media for stream in packets.stream[rows[:-1]].tolist()]
    interval_ns = np.array([intervals.get(name, 0) for name in media], np.int64)
    return Heard(row, direction, rows, np.searchsorted(direction, np.arange(len(media) + 1)), interval_ns)


def counted_between(flags: Flags, before: Ints, after: Ints) -> Ints:
    """How many are flagged of the rows between each two; none if the second does not follow the first."""
    through = np.concatenate((np.zeros(1, np.int64), np.cumsum(flags)))
    found: Ints = np.where(after > before, through[after] - through[np.minimum(before + 1, len(flags))], 0)
    return found
