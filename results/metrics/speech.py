"""What a plan says of when streams have packets, packet by packet: pauses of the speaker, and where speech ends. Pure.

A pause of the speaker is no silence of the network: it is taken off a gap between two packets that spans it, at either
end of the speech that was missed. Nor is what its client withheld for want of consent a pause of the speaker. Times in
ns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from relay_app.calls import ALWAYS, FOREVER, Span
from results.metrics.absences import Absence, Absences
from results.metrics.matching import Flags, Ints, Matched, Packets
from results.metrics.streams import slices

NO_ROW = -1
"""In place of a row where there is none."""

NO_ABSENCES: Absences = MappingProxyType({})
"""Of streams that need no consent."""


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """Of every packet, in columns as long as those of Packets.

    `talk`: it is media, not comfort noise. `turn`: differs between packets of a direction with a pause of the speaker
    between them. `missed_ns`: speech of its direction that restarts of the sender, or want of consent, have cost before
    it. `last_talk`, `next_talk`: the nearest row of media before and after it in its direction, or NO_ROW. `direction`:
    index of the first stream of its direction. `ends_ns`: of each measured stream, when its speech ends, by plan;
    `withheld_ns`: from when on its client, for want of consent, withheld all that was left of it, or FOREVER.
    """

    packets: Packets
    talk: Flags
    turn: Ints
    missed_ns: Ints
    last_talk: Ints
    next_talk: Ints
    direction: Ints
    ends_ns: Ints
    withheld_ns: Ints

    def paused_ns(self, before: Ints, after: Ints, interval_ns: Ints | int) -> Ints:
        """For how long the speaker paused between two packets, with `interval_ns` between those of speech."""
        due_ns, apart = self.packets.due_ns, self.turn[before] != self.turn[after]
        apart |= ~self.talk[before] | ~self.talk[after]
        missed_ns = self.missed_ns[after] - self.missed_ns[before]
        found: Ints = np.where(apart, np.maximum(due_ns[after] - due_ns[before] - interval_ns - missed_ns, 0), 0)
        return found

    def pauses_around(self, before: Ints, after: Ints, interval_ns: Ints | int) -> tuple[Ints, Ints]:
        """For how long the speaker paused after each packet `before` and ahead of each `after`, where speech was due
        between the two; else for how long in all, and 0."""
        first, last = self.next_talk[before], self.last_talk[after]
        between = (first != NO_ROW) & (first < after) & (last > before)
        first, last = np.where(between, first, after), np.where(between, last, after)
        return self.paused_ns(before, first, interval_ns), self.paused_ns(last, after, interval_ns)

    def speaker_pauses(self, intervals: Ints) -> tuple[Ints, Ints]:
        """Each pause of a speaker: the row of media that ended it, and how long it was beyond a packet interval.

        `intervals`: nominal packet interval by measured stream.
        """
        if not self.turn.any():
            return np.empty(0, np.int64), np.empty(0, np.int64)
        rows = np.flatnonzero(self.talk & (self.last_talk != NO_ROW))
        rows = rows[self.turn[rows] != self.turn[self.last_talk[rows]]]
        paused_ns = self.paused_ns(self.last_talk[rows], rows, intervals[self.packets.stream[rows]])
        return rows[paused_ns > 0], paused_ns[paused_ns > 0]


def speech_of(
    matched: Matched, spans: Mapping[int, tuple[Span, ...]], start_ns: int, absences: Absences = NO_ABSENCES
) -> Speech:
    """`spans`: when streams have packets, after the media start, by SSRC; the others have them all the time."""
    packets, streams = matched.packets, matched.streams
    count = len(packets.seq)
    talk, turn, missed_ns = np.ones(count, bool), np.zeros(count, np.int64), np.zeros(count, np.int64)
    for rows in slices(packets.stream):
        ssrc = streams[packets.stream[rows.start]].ssrc
        own = spans.get(ssrc)
        if own and len(own) == 1:
            if own[0].noise_ns or own[0].pauses or own[0].missed_ns:
                talk[rows], turn[rows], missed_ns[rows] = not own[0].noise_ns, own[0].pauses, own[0].missed_ns
        elif own:
            since_ns = packets.due_ns[rows] - start_ns
            span = np.searchsorted([each.from_ns for each in own], since_ns, side="right").clip(1) - 1
            talk[rows] = np.array([not each.noise_ns for each in own])[span]
            turn[rows] = np.array([each.pauses for each in own])[span]
            missed_ns[rows] = np.array([each.missed_ns for each in own])[span]
        for absence in absences.get(ssrc, ()):
            # Nothing was sent between, but for what was due at the very beginning, or the end.
            after = packets.due_ns[rows] > (absence.started_ns + absence.ended_ns) // 2
            missed_ns[rows][after] += absence.withheld_ns(own or ALWAYS, start_ns)
    ends_ns = np.array([start_ns + _end_of(spans.get(each.ssrc, ALWAYS)) for each in streams], np.int64)
    withheld_ns = [
        _withheld_from(spans.get(each.ssrc, ALWAYS), absences.get(each.ssrc, ()), start_ns) for each in streams
    ]
    directions = _directions(matched)
    # A run of millions of packets, and without restarts as almost all are, is spared a column of them.
    alone = np.array_equal(directions, np.arange(len(streams)))
    direction = packets.stream if alone else directions[packets.stream]
    neighbours = _neighbours(talk, direction)
    return Speech(packets, talk, turn, missed_ns, *neighbours, direction, ends_ns, np.array(withheld_ns, np.int64))


def _withheld_from(spans: tuple[Span, ...], absences: tuple[Absence, ...], start_ns: int) -> int:
    """When the first speech was withheld in an absence that lasted; FOREVER: in none."""
    lasting = next((each for each in absences if each.still), None)
    found = lasting.first_withheld_ns(spans, start_ns) if lasting else None
    return FOREVER if found is None else found


def _end_of(spans: tuple[Span, ...]) -> int:
    return max((each.until_ns for each in spans if not each.noise_ns), default=0)


def _directions(matched: Matched) -> Ints:
    """Index of the first stream of the direction of each stream: a sender that restarts has several in turn."""
    first: dict[tuple[str, str, str], int] = {}
    keys = ((each.session, each.source, each.destination) for each in matched.streams)
    return np.array([first.setdefault(key, index) for index, key in enumerate(keys)], np.int64)


def _neighbours(talk: Flags, direction: Ints) -> tuple[Ints, Ints]:
    """The last row of media before each row and the next after it, in its direction; NO_ROW if there is none."""
    count, own = len(talk), np.arange(len(talk))
    if talk.all():
        before, after = own - 1, own + 1
        before[np.diff(direction, prepend=NO_ROW) != 0] = NO_ROW
        after[np.diff(direction, append=NO_ROW) != 0] = NO_ROW
        return before, after
    last = np.append(NO_ROW, np.maximum.accumulate(np.where(talk, own, NO_ROW)))[:count]
    following = np.append(np.minimum.accumulate(np.where(talk, own, count)[::-1])[::-1], count)[1:]
    following = np.where(following < count, following, NO_ROW)
    return _within(last, direction), _within(following, direction)


def _within(row: Ints, direction: Ints) -> Ints:
    """Rows of other packets, each NO_ROW unless it is of the same direction."""
    found: Ints = np.where((row != NO_ROW) & (direction[row] == direction), row, NO_ROW)
    return found
