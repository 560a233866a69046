"""Interruptions of media by the timestamp method (RFC 6201 §1.3, RFC 6412): last packet before to first packet after.

Per stream; two gaps are two interruptions. Open-ended: a stream that is silent when the media ends is *still
interrupted*, and its interruption lasts at least until then. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from relay_app.streams import Stream
from results.metrics.matching import Flags, Ints, Matched, Packets
from results.metrics.streams import Fates, slices

INTERRUPTION_INTERVALS = 2.5
"""A silence counts from this many nominal packet intervals (voice: 50 ms). One missing packet makes a silence of two
intervals, which every codec conceals; two in a row make three, and half an interval is left to jitter."""


@dataclass(frozen=True, slots=True)
class Interruption:
    """A stream's silence. Times: CLOCK_MONOTONIC ns.

    `started_ns`: the last packet before arrived; for a stream not heard until then, its first packet was sent.
    `ended_ns`: the first packet after arrived, by `resumed_path`; for one still interrupted, the media end.
    """

    stream: Stream
    started_ns: int
    ended_ns: int
    packets_lost: int
    still: bool
    resumed_path: int = 0

    @property
    def length_ns(self) -> int:
        """How long; at least, if still interrupted."""
        return self.ended_ns - self.started_ns


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """One stream's packets, in sequence; `heard` are the rows of those that arrived, in order of arrival."""

    stream: Stream
    sent_ns: Ints
    received_ns: Ints
    path: Ints
    lost: Flags
    heard: Ints
    interval_ns: int

    def silence(self, started_ns: int, ended_ns: int, rows: slice, *, resumed: int | None = None) -> Interruption:
        lost = int(np.count_nonzero(self.lost[rows]))
        path = 0 if resumed is None else int(self.path[resumed])
        return Interruption(self.stream, int(started_ns), int(ended_ns), lost, resumed is None, path)


def nominal_intervals(matched: Matched) -> Mapping[str, int]:
    """The longest regular pause in each media's schedule, ns, by media.

    For voice it is the packet interval; for video, whose frames are several packets, the pause between frames. The
    99th percentile, so that a schedule's rare irregularity does not set it.
    """
    packets = matched.packets
    names = sorted({stream.media for stream in matched.streams})
    number_of_stream = np.array([names.index(stream.media) for stream in matched.streams], dtype=np.int64)
    media = number_of_stream[packets.stream[1:]]
    pause = np.diff(packets.due_ns)
    regular = (np.diff(packets.stream) == 0) & (pause > 0)
    pauses = {name: pause[regular & (media == number)] for number, name in enumerate(names)}
    return {name: int(np.quantile(each, 0.99, method="lower")) for name, each in pauses.items() if len(each)}


def find_interruptions(
    matched: Matched, fate: Fates, intervals: Mapping[str, int], media_end_ns: int
) -> tuple[Interruption, ...]:
    """Every interruption of every measured stream, in the order in which they began."""
    packets = matched.packets
    found: list[Interruption] = []
    for rows in slices(packets.stream):
        stream = matched.streams[packets.stream[rows.start]]
        if stream.media in intervals:
            found.extend(
                _interruptions(_view(stream, packets, fate, rows, intervals[stream.media]), fate, media_end_ns)
            )
    return tuple(sorted(found, key=lambda each: (each.started_ns, each.stream.ssrc)))


def _view(stream: Stream, packets: Packets, fate: Fates, rows: slice, interval_ns: int) -> _View:
    received = packets.received_ns[rows]
    arrived = np.flatnonzero(packets.arrived_in(rows))
    heard = arrived[np.argsort(received[arrived], kind="stable")]
    return _View(stream, packets.sent_ns[rows], received, packets.path[rows], fate.lost[rows], heard, interval_ns)


def _interruptions(view: _View, fate: Fates, media_end_ns: int) -> Iterator[Interruption]:
    if not len(view.heard):
        if view.lost.any():
            yield view.silence(view.sent_ns[0], media_end_ns, slice(None))
        return
    yield from _before_the_first(view)
    yield from _between(view)
    yield from _after_the_last(view, fate, media_end_ns)


def _before_the_first(view: _View) -> Iterator[Interruption]:
    """Judged by send times: nobody knows when a packet that did not arrive would have."""
    first = int(view.heard[0])
    if view.sent_ns[first] - view.sent_ns[0] >= (INTERRUPTION_INTERVALS - 1) * view.interval_ns:
        yield view.silence(view.sent_ns[0], view.received_ns[first], slice(first), resumed=first)


def _between(view: _View) -> Iterator[Interruption]:
    times = view.received_ns[view.heard]
    for gap in np.flatnonzero(np.diff(times) >= INTERRUPTION_INTERVALS * view.interval_ns).tolist():
        before, after = int(view.heard[gap]), int(view.heard[gap + 1])
        yield view.silence(times[gap], times[gap + 1], slice(before + 1, after), resumed=after)


def _after_the_last(view: _View, fate: Fates, media_end_ns: int) -> Iterator[Interruption]:
    """Packets that may have been in flight at the media end are no evidence of silence."""
    last = int(view.heard.max())
    judged = int(np.searchsorted(view.sent_ns, fate.horizon_ns)) - 1
    silent_ns = media_end_ns - view.received_ns[view.heard[-1]]
    missing_ns = view.sent_ns[max(judged, last)] - view.sent_ns[last]
    intervals = min(silent_ns / view.interval_ns, missing_ns / view.interval_ns + 1)
    if intervals >= INTERRUPTION_INTERVALS:
        yield view.silence(view.received_ns[view.heard[-1]], media_end_ns, slice(last + 1, None))
