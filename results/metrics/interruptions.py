"""Interruptions of media by the timestamp method (RFC 6201 §1.3, RFC 6412): last packet before to first packet after.

Per stream; two gaps are two interruptions. Open-ended: a stream that is silent when the media ends is *still
interrupted*, and its interruption lasts at least until then. A silence that lost no packet and is no longer than the
emulated links' own delay variation explains is a *pause*. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from relay_app.streams import Stream
from results.metrics.delay_bounds import DelayBounds, Transit
from results.metrics.matching import NEVER, Flags, Ints, Matched, Packets
from results.metrics.streams import Fates, slices

INTERRUPTION_INTERVALS = 2.5
"""Shortest silence that counts, in nominal packet intervals (voice at 20 ms: 50 ms); of no standard.

One missing packet leaves two intervals between arrivals, two in a row leave three. The bound lies halfway, so that
jitter of less than half an interval neither makes an interruption of one missing packet nor hides one of two."""


@dataclass(frozen=True, slots=True)
class Interruption:
    """A silence of a stream. Times: CLOCK_MONOTONIC, ns.

    `started_ns`: arrival of the last packet before; where none had arrived yet, when the first was sent.
    `ended_ns`: arrival of the first packet after, whose path log is `resumed_path`; if `still` interrupted, the media
    end.
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
    """The packets of one stream in order of sequence; `heard`: rows of those that arrived, in order of arrival."""

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

    def all_arrived(self, rows: slice) -> bool:
        """Whether each packet of some rows arrived, sooner or later; of no rows, too."""
        return bool((self.received_ns[rows] != NEVER).all())

    def transit(self, row: int) -> Transit:
        """The way of a packet that arrived."""
        return Transit(int(self.path[row]), int(self.sent_ns[row]), int(self.received_ns[row]))


def nominal_intervals(matched: Matched) -> Mapping[str, int]:
    """Longest regular pause between due times of packets, ns, by media.

    For voice it is the packet interval; for video, whose frames are several packets, the pause between frames. It is
    the 99th percentile of pauses, so that rare irregularities of a schedule do not determine it.
    """
    packets = matched.packets
    names = sorted({stream.media for stream in matched.streams})
    number_of_stream = np.array([names.index(stream.media) for stream in matched.streams], dtype=np.int64)
    media = number_of_stream[packets.stream[1:]]
    pause = np.diff(packets.due_ns)
    regular = (np.diff(packets.stream) == 0) & (pause > 0)
    pauses = {name: pause[regular & (media == number)] for number, name in enumerate(names)}
    return {name: int(np.quantile(each, 0.99, method="lower")) for name, each in pauses.items() if len(each)}


def find_silences(
    matched: Matched, fate: Fates, intervals: Mapping[str, int], media_end_ns: int, bounds: DelayBounds
) -> Silences:
    """Every interruption and every pause of every measured stream."""
    packets = matched.packets
    found: list[Interruption | Pause] = []
    for rows in slices(packets.stream):
        stream = matched.streams[packets.stream[rows.start]]
        if stream.media in intervals:
            view = _view(stream, packets, fate, rows, intervals[stream.media])
            found.extend(_silences(view, fate, media_end_ns, bounds))
    found.sort(key=lambda each: (each.started_ns, each.stream.ssrc))
    return Silences(
        tuple(each for each in found if isinstance(each, Interruption)),
        tuple(each for each in found if isinstance(each, Pause)),
    )


def _view(stream: Stream, packets: Packets, fate: Fates, rows: slice, interval_ns: int) -> _View:
    received = packets.received_ns[rows]
    arrived = np.flatnonzero(packets.arrived_in(rows))
    heard = arrived[np.argsort(received[arrived], kind="stable")]
    return _View(stream, packets.sent_ns[rows], received, packets.path[rows], fate.lost[rows], heard, interval_ns)


def _silences(view: _View, fate: Fates, media_end_ns: int, bounds: DelayBounds) -> Iterator[Interruption | Pause]:
    if not len(view.heard):
        if view.lost.any():
            yield view.silence(view.sent_ns[0], media_end_ns, slice(None))
        return
    yield from _before_the_first(view, bounds)
    yield from _between(view, bounds)
    yield from _after_the_last(view, fate, media_end_ns)


def _before_the_first(view: _View, bounds: DelayBounds) -> Iterator[Interruption | Pause]:
    # By send times: there is no earlier arrival to measure from. One interval less, because the silence starts with
    # the first missing packet, not with an arrival one interval before it.
    first = int(view.heard[0])
    shortest_ns = (INTERRUPTION_INTERVALS - 1) * view.interval_ns
    if view.sent_ns[first] - view.sent_ns[0] < shortest_ns:
        return
    found = view.silence(view.sent_ns[0], view.received_ns[first], slice(first), resumed=first)
    whole = view.all_arrived(slice(first))
    by_links = whole and found.length_ns - bounds.longest_ns(view.stream, view.transit(0)) < shortest_ns
    yield Pause(view.stream, found.started_ns, found.ended_ns) if by_links else found


def _between(view: _View, bounds: DelayBounds) -> Iterator[Interruption | Pause]:
    times = view.received_ns[view.heard]
    furthest = np.maximum.accumulate(view.heard)
    for gap in np.flatnonzero(np.diff(times) >= INTERRUPTION_INTERVALS * view.interval_ns).tolist():
        before, after = int(view.heard[gap]), int(view.heard[gap + 1])
        found = view.silence(times[gap], times[gap + 1], slice(before + 1, after), resumed=after)
        parted = parted_row(view.received_ns, found.started_ns, after, int(furthest[gap]))
        whole = view.all_arrived(slice(before + 1, after))
        by_links = whole and parted is not None and _links_explain(view, found.length_ns, parted, bounds)
        yield Pause(view.stream, found.started_ns, found.ended_ns) if by_links else found


def parted_row(received_ns: Ints, started_ns: int, after: int, furthest: int) -> int | None:
    """A row heard before a silence, of which the next in sequence was heard after it; None if there is none, or the
    next did not arrive.

    `received_ns`: of a stream's packets in order of sequence. `after`: the row that ended the silence; `furthest`: the
    row latest in sequence of those heard before.
    """
    row = after - 1
    while row >= 0 and received_ns[row] > started_ns:
        row -= 1
    row = furthest if row < 0 else row
    arrived = row + 1 < len(received_ns) and NEVER not in received_ns[row : row + 2]
    return row if arrived else None


def _links_explain(view: _View, length_ns: int, row: int, bounds: DelayBounds) -> bool:
    """Whether a silence, less the delay variation of the links, is too short to count.

    It parted a row and the next, which was sent an interval later: so it lasted no longer than an interval and the most
    by which the links can have delayed the next more than the row. A longer one is due to something else, such as a
    relay that held packets.
    """
    variation_ns = bounds.variation_ns(view.stream, view.transit(row), view.transit(row + 1))
    return length_ns - variation_ns < INTERRUPTION_INTERVALS * view.interval_ns


def _after_the_last(view: _View, fate: Fates, media_end_ns: int) -> Iterator[Interruption]:
    # Packets sent after the horizon may have been in flight at the media end, so their absence does not count. The
    # smaller of both estimates: silence at the receiver, and missing packets of those sent before the horizon.
    last = int(view.heard.max())
    judged = int(np.searchsorted(view.sent_ns, fate.horizon_ns)) - 1
    silent_ns = media_end_ns - view.received_ns[view.heard[-1]]
    missing_ns = view.sent_ns[max(judged, last)] - view.sent_ns[last]
    intervals = min(silent_ns / view.interval_ns, missing_ns / view.interval_ns + 1)
    if intervals >= INTERRUPTION_INTERVALS:
        yield view.silence(view.received_ns[view.heard[-1]], media_end_ns, slice(last + 1, None))
