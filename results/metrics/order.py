"""Order of arrival (RFC 4737): reordering, its extent, n-reordering, lateness. Pure; times in ns.

A stream's order is that in which its packets were *sent*, as the sender recorded it, not that of their numbers: so
neither the wrap of the 16-bit number nor a sender that starts again at another number is taken for reordering. Of a
packet that arrived more than once the first copy alone counts (section 3.3); lost packets have no part in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from relay_app.streams import Stream
from results.metrics.figure_types import LengthQuantiles
from results.metrics.figures import OrderFigures
from results.metrics.interruptions import INTERRUPTION_INTERVALS
from results.metrics.matching import Arrivals, Flags, Ints, Packets
from results.metrics.nearly_ordered import by_stream, first_arrivals
from results.metrics.streams import Floats

DUPTHRESH = 3
"""Duplicate acknowledgements after which TCP retransmits (RFC 5681 section 3.2), n of `three_reordered`."""


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """The packets that arrived, ordered by stream and arrival of the first copy; columns of equal length.

    `packet`: row in Packets. `rank`: its place in the order of sending. `extent`: how many arrivals ago the first came
    that was sent later (section 4.2.3), 0 in order; `late_ns`: how long ago that was (section 4.3.3). `degree`: the
    largest n for which it is n-reordered (section 5.3): how many arrivals in a row before it were sent later.
    `after_gap`: what overtook it first had ended a silence.
    """

    packet: Ints
    rank: Ints
    extent: Ints
    late_ns: Ints
    degree: Ints
    after_gap: Flags

    @property
    def reordered(self) -> Flags:
        """Flags those that are reordered (section 3.3)."""
        found: Flags = self.extent > 0
        return found

    def chosen(self, rows: slice | Flags) -> Order:
        """Some of them."""
        return Order(*(getattr(self, field.name)[rows] for field in fields(self)))

    def of(self, packets: Flags) -> Order:
        """Those of some rows of Packets."""
        return self.chosen(packets[self.packet])


def order_of(packets: Packets, arrivals: Arrivals, streams: tuple[Stream, ...], intervals: Mapping[str, int]) -> Order:
    """The order of all streams. `intervals`: nominal packet interval by media, ns, from which on a gap is a silence."""
    packet = arrivals.packet[first_arrivals(arrivals.packet, packets.copies)]
    # Ranks grow from stream to stream, as arrivals do: so one pass serves all streams, and none overtakes another.
    rank = _ranks(packets)[packet]
    latest = np.maximum.accumulate(rank)
    late = np.flatnonzero(rank < latest)
    by = np.searchsorted(latest, rank[late], side="right")
    received_ns = packets.received_ns[packet]
    ended = ends_silence(packets.stream[packet], received_ns, silent_from(streams, intervals))
    extent, late_ns, after_gap = (np.zeros(len(rank), kind) for kind in (np.int64, np.int64, bool))
    extent[late], late_ns[late], after_gap[late] = late - by, received_ns[late] - received_ns[by], ended[by]
    return Order(packet, rank, extent, late_ns, degrees(rank, rank < latest, int(extent.max(initial=0))), after_gap)


def _ranks(packets: Packets) -> Ints:
    """Each packet's place in the order of sending, by stream; of those sent at the same time by number."""
    rank = np.empty(len(packets.seq), np.int64)
    rank[by_stream(packets.stream, packets.sent_ns)] = np.arange(len(rank))  # rows are in order of number
    return rank


def degrees(rank: Ints, reordered: Flags, largest: int | None = None) -> Ints:
    """How many arrivals in a row before each have larger ranks; 0 of those in order. `largest`: no degree is larger.

    Least ranks of 2^k arrivals in a row, for each k, and then from the largest k down as many as fit: O(n log n) in
    whichever order they came.
    """
    levels, largest = [rank], len(rank) if largest is None else largest
    while (step := 1 << (len(levels) - 1)) < min(len(rank), largest + 1) and reordered.any():
        shorter = levels[-1]
        levels.append(np.minimum(shorter[step:], shorter[:-step]))
    found = np.zeros(len(rank), np.int64)
    row = np.flatnonzero(reordered)
    for level in range(len(levels) - 1, -1, -1):
        start = row - found[row] - (1 << level)
        fits = start >= 0
        fits[fits] = levels[level][start[fits]] > rank[row[fits]]
        found[row] += np.where(fits, 1 << level, 0)
    return found


def silent_from(streams: tuple[Stream, ...], intervals: Mapping[str, int]) -> Ints:
    """From how long on a gap between arrivals is a silence (`interruptions`), by stream, ns; 0: never."""
    return np.array([round(INTERRUPTION_INTERVALS * intervals.get(each.media, 0)) for each in streams], np.int64)


def ends_silence(stream: Ints, received_ns: Ints, from_ns: Ints) -> Flags:
    """Flags arrivals that ended a silence of their stream; `from_ns`: by stream, from how long on a gap is one."""
    gap_ns = np.diff(received_ns, prepend=received_ns[:1])
    same = np.diff(stream, prepend=-1) == 0
    found: Flags = same & (gap_ns >= from_ns[stream]) & (from_ns[stream] > 0)
    return found


def order_figures(order: Order) -> OrderFigures:
    """The figures of some packets that arrived."""
    reordered = order.reordered
    count, arrived = int(np.count_nonzero(reordered)), len(reordered)
    return OrderFigures(
        reordered=count,
        reordered_percent=round(100 * count / arrived, 4) if arrived else None,
        extent=_quantiles(order.extent[reordered]),
        late_ms=_quantiles(order.late_ns[reordered] / 1e6),
        n_reordering=int(order.degree.max(initial=0)),
        three_reordered=int(np.count_nonzero(order.degree >= DUPTHRESH)),
        after_gap=int(np.count_nonzero(order.after_gap)),
    )


def _quantiles(values: Ints | Floats) -> LengthQuantiles:
    if not len(values):
        return LengthQuantiles(None, None, None)
    return LengthQuantiles(*(round(each, 3) for each in np.quantile(values, (0.5, 0.99, 1.0)).tolist()))
