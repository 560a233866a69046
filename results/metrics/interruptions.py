"""Interruptions of media by the timestamp method (RFC 6201 §1.3, RFC 6412): last packet before to first packet after.

Per direction of a session; two gaps are two interruptions. Open-ended: a stream that is silent when the media ends is
*still interrupted*, and its interruption lasts at least until then. A silence that lost no packet and is no longer than
the emulated links' own delay variation explains is a *pause*. A pause of the speaker is neither: it is taken off either
end of a silence, which so lasts from the first speech that was missed to the last. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from relay_app.streams import Stream
from results.metrics.delay_bounds import DelayBounds, Transits
from results.metrics.heard import Heard, counted_between, heard_of
from results.metrics.link_variation import Parting, explained_ns
from results.metrics.matching import NEVER, Flags, Ints, Matched
from results.metrics.speech import NO_ROW, Speech
from results.metrics.streams import Fates

INTERRUPTION_INTERVALS = 2.5
"""Shortest silence that counts, in nominal packet intervals (voice at 20 ms: 50 ms); of no standard.

One missing packet leaves two intervals between arrivals, two in a row leave three. The bound lies halfway, so that
jitter of less than half an interval neither makes an interruption of one missing packet nor hides one of two."""


@dataclass(frozen=True, slots=True)
class Interruption:
    """A silence of a stream. Times: CLOCK_MONOTONIC, ns.

    `started_ns`: arrival of the last packet before; where none had arrived yet, when the first was sent.
    `ended_ns`: arrival of the first packet after, whose path log is `resumed_path`; if `still` interrupted, the end of
    the stream's media. A pause of the speaker after the packet before comes later in time than that, and one ahead of
    the packet after ends before it: `started_ns` is later, and `ended_ns` earlier, by their lengths.
    """

    stream: Stream
    started_ns: int
    ended_ns: int
    packets_lost: int
    still: bool
    resumed_path: int = 0

    @property
    def length_ns(self) -> int:
        """Length, ns; a lower bound if still interrupted (right-censored)."""
        return self.ended_ns - self.started_ns


@dataclass(frozen=True, slots=True)
class Pause:
    """A silence without loss that the delay variation of the emulated links explains. Times as in `Interruption`."""

    stream: Stream
    started_ns: int
    ended_ns: int

    @property
    def length_ns(self) -> int:
        """Length, ns."""
        return self.ended_ns - self.started_ns


@dataclass(frozen=True, slots=True)
class Silences:
    """The silences of all streams, in order of start."""

    interruptions: tuple[Interruption, ...]
    pauses: tuple[Pause, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """The packets of one direction of a session in the order in which they were sent, from row `first` in Packets on;
    `heard`: rows, from 0 on, of those that arrived, in order of arrival. `end_ns`: when its media end."""

    stream: Stream
    speech: Speech
    first: int
    sent_ns: Ints
    received_ns: Ints
    path: Ints
    lost: Flags
    heard: Ints
    interval_ns: int
    end_ns: int

    @property
    def withheld_ns(self) -> int:
        """From when on its client withheld all that was left of it."""
        return int(self.speech.withheld_ns[self.speech.packets.stream[self.first + len(self.sent_ns) - 1]])

    def silence(self, started_ns: int, ended_ns: int, rows: slice, *, resumed: int | None = None) -> Interruption:
        lost = int(np.count_nonzero(self.lost[rows]))
        path = 0 if resumed is None else int(self.path[resumed])
        return Interruption(self.stream, int(started_ns), int(ended_ns), lost, resumed is None, path)

    def all_arrived(self, rows: slice) -> bool:
        """Whether each packet of some rows arrived, sooner or later; of no rows, too."""
        return bool((self.received_ns[rows] != NEVER).all())

    def longest_first_ns(self, bounds: DelayBounds) -> int:
        """The largest delay that the links can have given the first packet, which arrived."""
        first = Transits(np.zeros(1, np.int64), self.path[:1], self.sent_ns[:1], self.received_ns[:1])
        return int(bounds.longest_ns((self.stream,), first)[0])

    def paused_ns(self, before: int, after: int) -> int:
        """For how long the speaker paused between two packets."""
        rows = np.array([before, after], np.int64) + self.first
        return int(self.speech.paused_ns(rows[:1], rows[1:], self.interval_ns)[0])

    def next_talk(self, row: int) -> int | None:
        """The first row of media after a row; None if there is none."""
        found = int(self.speech.next_talk[row + self.first])
        return None if found == NO_ROW else found - self.first

    def talk_until(self, row: int) -> int | None:
        """The last row of media up to a row; None if there is none."""
        talk = np.flatnonzero(self.speech.talk[self.first : self.first + row + 1])
        return int(talk[-1]) if len(talk) else None

    @property
    def first_talk(self) -> int | None:
        """The first row of media; None if all is comfort noise."""
        talk = self.speech.talk[self.first : self.first + len(self.sent_ns)]
        return int(talk.argmax()) if talk.any() else None


def nominal_intervals(matched: Matched, speech: Speech) -> Mapping[str, int]:
    """Longest regular pause between due times of packets, ns, by media.

    For voice it is the packet interval; for video, whose frames are several packets, the pause between frames. It is
    the 99th percentile of pauses, so that rare irregularities of a schedule do not determine it; those of speakers and
    of their restarts are none of its own.
    """
    packets = matched.packets
    names = sorted({stream.media for stream in matched.streams})
    number_of_stream = np.array([names.index(stream.media) for stream in matched.streams], dtype=np.int64)
    media = number_of_stream[packets.stream[1:]]
    pause = np.diff(packets.due_ns)
    regular = (np.diff(packets.stream) == 0) & (pause > 0) & speech.talk[1:]
    regular &= (np.diff(speech.turn) == 0) & (np.diff(speech.missed_ns) == 0)
    pauses = {name: pause[regular & (media == number)] for number, name in enumerate(names)}
    return {name: int(np.quantile(each, 0.99, method="lower")) for name, each in pauses.items() if len(each)}


def find_silences(
    matched: Matched,
    speech: Speech,
    fate: Fates,
    intervals: Mapping[str, int],
    media_end_ns: int,
    bounds: DelayBounds,
) -> Silences:
    """Every interruption and every pause of every measured stream."""
    heard = heard_of(matched, speech, intervals)
    views = {
        number: _view(matched, speech, fate, intervals, media_end_ns, heard, number)
        for number in heard.with_open_ends(matched.packets, speech, media_end_ns)
    }
    found: list[Interruption | Pause] = [
        *(each for view in views.values() for each in _silences_at_ends(view, fate, bounds)),
        *_between(matched, speech, fate, heard, bounds),
    ]
    found.sort(key=lambda each: (each.started_ns, each.stream.ssrc))
    return Silences(
        tuple(each for each in found if isinstance(each, Interruption)),
        tuple(each for each in found if isinstance(each, Pause)),
    )


def _view(
    matched: Matched,
    speech: Speech,
    fate: Fates,
    intervals: Mapping[str, int],
    media_end_ns: int,
    all_heard: Heard,
    number: int,
) -> _View:
    packets, rows = matched.packets, slice(all_heard.rows[number], all_heard.rows[number + 1])
    heard = all_heard.row[all_heard.heard[number] : all_heard.heard[number + 1]] - rows.start
    stream = matched.streams[packets.stream[rows.start]]
    end_ns = min(media_end_ns, int(speech.ends_ns[packets.stream[rows.stop - 1]]))
    columns = packets.sent_ns[rows], packets.received_ns[rows], packets.path[rows], fate.lost[rows]
    return _View(stream, speech, int(rows.start), *columns, heard, intervals[stream.media], end_ns)


def _silences_at_ends(view: _View, fate: Fates, bounds: DelayBounds) -> Iterator[Interruption | Pause]:
    if not len(view.heard):
        first = view.first_talk
        if first is not None and view.lost[first:].any():
            yield view.silence(view.sent_ns[first], view.end_ns, slice(None))
        return
    yield from _before_the_first(view, bounds)
    yield from _after_the_last(view, fate)


def _before_the_first(view: _View, bounds: DelayBounds) -> Iterator[Interruption | Pause]:
    # By send times: there is no earlier arrival to measure from. One interval less, because the silence starts with
    # the first missing packet, not with an arrival one interval before it.
    first, missed = int(view.heard[0]), view.first_talk
    before = view.talk_until(first - 1)
    if missed is None or before is None:
        return
    shortest_ns = (INTERRUPTION_INTERVALS - 1) * view.interval_ns
    paused_ns = view.paused_ns(before, first)
    if view.sent_ns[first] - paused_ns - view.sent_ns[missed] < shortest_ns:
        return
    ended_ns = view.received_ns[first] - paused_ns
    found = view.silence(view.sent_ns[missed], ended_ns, slice(first), resumed=first)
    whole = view.all_arrived(slice(first))
    by_links = whole and found.length_ns - view.longest_first_ns(bounds) < shortest_ns
    yield Pause(view.stream, found.started_ns, found.ended_ns) if by_links else found


def _between(
    matched: Matched, speech: Speech, fate: Fates, heard: Heard, bounds: DelayBounds
) -> Iterator[Interruption | Pause]:
    packets = matched.packets
    times, interval_ns = packets.received_ns[heard.row], heard.interval_ns[heard.direction[1:]]
    shortest_ns = INTERRUPTION_INTERVALS * interval_ns
    wide = (np.diff(heard.direction) == 0) & (interval_ns > 0) & (np.diff(times) >= shortest_ns)
    gap = np.flatnonzero(wide)  # no pause of a speaker makes a gap longer
    before, after = heard.row[gap], heard.row[gap + 1]
    paused_after, paused_before = speech.pauses_around(before, after, interval_ns[gap])
    started, ended = times[gap] + paused_after, times[gap + 1] - paused_before
    lost, missing = (counted_between(flags, before, after) for flags in (fate.lost, ~packets.arrived))
    furthest = np.maximum.accumulate(heard.row)[gap]
    begin, end = heard.rows[heard.direction[gap]], heard.rows[heard.direction[gap] + 1]
    explained = np.zeros(len(gap), np.int64)
    parting = Parting(begin, end, times[gap], after, furthest)
    explained[missing == 0] = explained_ns(packets, matched.streams, parting.chosen(missing == 0), bounds)
    paused = (missing == 0) & (ended - started - explained < shortest_ns[gap])
    stream = packets.stream[begin].tolist()
    for at in np.flatnonzero(ended - started >= shortest_ns[gap]).tolist():
        silent = matched.streams[stream[at]], int(started[at]), int(ended[at])
        if paused[at]:
            yield Pause(*silent)
        else:
            yield Interruption(*silent, int(lost[at]), still=False, resumed_path=int(packets.path[after[at]]))


def _after_the_last(view: _View, fate: Fates) -> Iterator[Interruption]:
    # Packets sent after the horizon may have been in flight at the media end, so their absence does not count. The
    # smaller of both estimates: silence at the receiver, and missing packets of those sent before the horizon, with
    # those that were withheld.
    last = int(view.heard.max())
    missed, withheld_ns = view.next_talk(last), min(view.withheld_ns, view.end_ns)
    if missed is not None:
        paused_ns = view.paused_ns(last, missed)
    elif withheld_ns < view.end_ns:
        paused_ns = max(0, withheld_ns - int(view.sent_ns[last]) - view.interval_ns)
    else:
        return
    judged = view.talk_until(int(np.searchsorted(view.sent_ns, fate.horizon_ns)) - 1)
    started_ns = view.received_ns[view.heard[-1]] + paused_ns
    silent_ns = view.end_ns - started_ns
    missing_ns = max(0, view.sent_ns[max(judged or 0, last)] - view.sent_ns[last] - paused_ns)
    missing_ns += view.end_ns - withheld_ns
    intervals = min(silent_ns / view.interval_ns, missing_ns / view.interval_ns + 1)
    if intervals >= INTERRUPTION_INTERVALS:
        yield view.silence(started_ns, view.end_ns, slice(last + 1, None))
