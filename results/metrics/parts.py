"""Parts of the media: those of some streams and of some time, as an analysis of their own. Pure; times in ns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Literal

import numpy as np

from relay_app.streams import Stream
from results.metrics.absences import Absence
from results.metrics.analysis import Analysis
from results.metrics.frames import Frames
from results.metrics.interruptions import Interruption, Pause
from results.metrics.matching import UNMATCHED, Arrivals, Flags, Ints, Matched, Packets
from results.metrics.order import Order
from results.metrics.quality import quality_of
from results.metrics.speech import NO_ROW, Speech
from results.metrics.streams import Fates
from results.run_files.plan import Part


@dataclass(frozen=True, slots=True)
class Window:
    """A time on the monotonic clock; it includes its beginning alone."""

    from_ns: int
    until_ns: int

    @classmethod
    def of(cls, part: Part, start_ns: int) -> Window | None:
        """That of a part of media that began at `start_ns`; None: all time."""
        if part.from_ns is None or part.until_ns is None:
            return None
        return cls(start_ns + part.from_ns, start_ns + part.until_ns)

    def has(self, at_ns: Ints) -> Flags:
        """Flags the times that are in it."""
        found: Flags = (at_ns >= self.from_ns) & (at_ns < self.until_ns)
        return found

    def touches(self, silence: Interruption | Pause | Absence) -> bool:
        """Whether any of a silence is in it."""
        return silence.started_ns < self.until_ns and silence.ended_ns > self.from_ns


def streams_of_part(streams: tuple[Stream, ...], part: Part) -> Flags:
    """Flags the streams of a part."""
    return np.array([_belongs(each, part) for each in streams], dtype=bool)


def _belongs(stream: Stream, part: Part) -> bool:
    ways = {(part.source, part.destination), *([(part.destination, part.source)] if part.both_ways else [])}
    between = part.source is None or (stream.source, stream.destination) in ways
    return between and part.group in (None, stream.group)


def singles(streams: tuple[Stream, ...], chosen: Flags, of: Literal["sessions", "directions"]) -> Iterator[Flags]:
    """The streams of each session that any of those chosen is of, or of each direction of one."""
    keys = [each.session if of == "sessions" else f"{each.session} {each.source}" for each in streams]
    names = np.array(keys, dtype=object)
    for name in dict.fromkeys(names[chosen].tolist()):
        yield chosen & (names == name)


@dataclass(frozen=True)  # without slots: cached properties need a place
class Parts:
    """Makes parts of an analysis at the cost of their own size: rows of a stream follow one another."""

    analysis: Analysis

    @cached_property
    def _packets(self) -> Ints:
        return self._begins(self.analysis.matched.packets.stream)

    @cached_property
    def _arrivals(self) -> Ints:
        return self._begins(self.analysis.matched.arrivals.stream)

    @cached_property
    def _order(self) -> Ints:
        return self._begins(self.analysis.matched.packets.stream[self.analysis.order.packet])

    def _begins(self, stream: Ints) -> Ints:
        """At which row each stream begins, and the last ends."""
        return np.searchsorted(stream, np.arange(len(self.analysis.matched.streams) + 1))

    def of(self, chosen: Flags, window: Window | None = None) -> Analysis:
        """The analysis with the packets and silences of some streams and of some time alone. Its streams are all there
        were, so that their numbers stay."""
        whole, matched = self.analysis, self.analysis.matched
        rows = _rows(self._packets, chosen)
        if window:
            rows = rows[window.has(matched.packets.due_ns[rows])]
        places = _places(rows, len(matched.packets.seq))
        arrived, packet = _of_packets(
            places, matched.arrivals.packet, _rows(self._arrivals, chosen), all_time=not window
        )
        ordered, place = _of_packets(places, whole.order.packet, _rows(self._order, chosen), all_time=False)
        ssrcs = {each.ssrc for each, mine in zip(matched.streams, chosen, strict=True) if mine}
        media = {each.media for each in matched.streams if each.ssrc in ssrcs}

        def own(silence: Interruption | Pause | Absence) -> bool:
            return silence.stream.ssrc in ssrcs and (window is None or window.touches(silence))

        packets = Packets(*(getattr(matched.packets, field.name)[rows] for field in fields(Packets)))
        fate = Fates(whole.fate.horizon_ns, whole.fate.lost[rows], whole.fate.in_flight[rows])
        in_time = quality_of(replace(matched, packets=packets), fate, whole.intervals) if window else None
        arrivals = matched.arrivals.chosen(arrived)
        order = Order(*(getattr(whole.order, field.name)[ordered] for field in fields(Order)))
        return replace(
            whole,
            matched=replace(
                matched,
                packets=packets,
                arrivals=replace(arrivals, packet=packet),
                collided=_collided(matched, chosen, window, places),
            ),
            speech=_speech(whole.speech, packets, rows, places),
            fate=fate,
            intervals={name: each for name, each in whole.intervals.items() if name in media},
            interruptions=tuple(each for each in whole.interruptions if own(each)),
            pauses=tuple(each for each in whole.pauses if own(each)),
            jitter_ns=whole.jitter_ns[arrived],
            order=replace(order, packet=place),
            frames=_frames(whole.frames, chosen, window),
            quality=in_time or whole.quality.of_streams(chosen),
            absences={
                ssrc: tuple(each for each in found if own(each))
                for ssrc, found in whole.absences.items()
                if ssrc in ssrcs
            },
        )


def _collided(matched: Matched, chosen: Flags, window: Window | None, places: Ints) -> Arrivals:
    """What came to the listeners of some streams of the packets of others, and was due in some time."""
    kept = chosen[matched.collided.stream]
    if window:
        kept &= window.has(matched.packets.due_ns[matched.collided.packet])
    found = matched.collided.chosen(kept)
    return replace(found, packet=places[found.packet])


def _frames(whole: Frames, chosen: Flags, window: Window | None) -> Frames:
    """Those of some streams and of some time."""
    own = whole.of_streams(chosen)
    if window is None:
        return own
    freezes = own.freezes
    touched = (freezes.from_ns < window.until_ns) & (freezes.until_ns > window.from_ns)
    return own.chosen(window.has(own.due_ns), touched)


def _speech(whole: Speech, packets: Packets, rows: Ints, places: Ints) -> Speech:
    """That of some rows of Packets."""
    return replace(
        whole,
        packets=packets,
        talk=whole.talk[rows],
        turn=whole.turn[rows],
        missed_ns=whole.missed_ns[rows],
        last_talk=places[whole.last_talk[rows]],
        next_talk=places[whole.next_talk[rows]],
        direction=whole.direction[rows],
    )


def _places(rows: Ints, of: int) -> Ints:
    """The place among some rows of each `of` a table, NO_ROW of the others and of one more, where it points."""
    found = np.full(of + 1, NO_ROW, np.int64)
    found[rows] = np.arange(len(rows))
    return found


def _rows(begins: Ints, chosen: Flags) -> Ints:
    """The rows of some streams."""
    numbers = np.flatnonzero(chosen).tolist()
    return np.concatenate([np.empty(0, np.int64), *(np.arange(begins[n], begins[n + 1]) for n in numbers)])


def _of_packets(places: Ints, packet: Ints, among: Ints, *, all_time: bool) -> tuple[Ints, Ints]:
    """Those of the rows `among` of a table whose column `packet` is of the part, and the place of each of them there.
    With `all_time` those that match no packet as well, which are UNMATCHED, and so NO_ROW, in both."""
    place = places[packet[among]]
    kept = place != NO_ROW
    if all_time:
        kept |= packet[among] == UNMATCHED
    return among[kept], place[kept]
