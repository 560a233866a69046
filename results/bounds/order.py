"""Bounds of the order of arrival: which packets can have overtaken which. Pure; times in ns, lengths in ms.

Without the machine's doings a packet would have arrived within a window: earlier by what hold-ups can have taken of its
way, counted from when it was due, and known to the noise of a single time. A packet is certainly out of order if one
that was sent later has all of its window before, and possibly if a part of it.

Only what can overtake counts: links, relays and switches are queues, first in, first out, which hold-ups lengthen but
do not reorder. The order of two packets can be another one only if they took different paths, if a link on their path
gave packets different delays meanwhile (jitter, reordering, a delay that changed), if one waited in a relay, or if a
relay is a program, of which nobody knows whether its threads keep the order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from results.bounds.blocks import by_whole_streams, in_parallel
from results.bounds.effects import Effects
from results.bounds.interval import Interval, finite
from results.bounds.order_windows import EVER, NEVER, Windows, least_after, most_before, windows_of
from results.bounds.quantiles import quantile_of_some
from results.bounds.times import LENGTH_QUANTILES, Quantiles
from results.metrics.analysis import Analysis, Evidence
from results.metrics.matching import Flags, Ints, Packets
from results.metrics.order import DUPTHRESH, Order
from results.metrics.parts import Window

_MS = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class _Reordered:
    """The packets that can be out of order, a row each; columns of equal length. `certain`: they are."""

    certain: Flags
    extent_low: Ints
    extent_high: Ints
    late_low_ns: Ints
    late_high_ns: Ints
    degree_low: Ints
    after_gap_low: Flags
    after_gap_high: Flags


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What is known of some streams. `arrived`: how many of their packets arrived and count. `queued`: their order was
    kept by queues alone. `reach`, `span_ns`: how many packets a packet of another fate can have overtaken at most
    otherwise, and by how long."""

    reordered: _Reordered
    arrived: int
    queued: bool
    reach: int
    span_ns: int

    @classmethod
    def of_all(cls, parts: Sequence[_Found]) -> _Found:
        """Of the streams of all parts, of which there is one at least."""
        columns = ([getattr(each.reordered, field.name) for each in parts] for field in fields(_Reordered))
        return cls(
            _Reordered(*map(np.concatenate, columns)),
            sum(each.arrived for each in parts),
            all(each.queued for each in parts),
            max(each.reach for each in parts),
            max(each.span_ns for each in parts),
        )


@dataclass(frozen=True, slots=True)
class _Widest:
    """The largest extent, and the latest, that a packet of another fate can have brought about."""

    extent: int
    late_ns: int


def order_bounds(
    evidence: Evidence,
    analysis: Analysis,
    effects: Effects,
    other_packets: float,
    more: Quantiles = (),
    within: Window | None = None,
) -> dict[str, Interval]:
    """Bounds of the numbers of `order` in `media`, by their names there, and of `more` quantiles.

    `other_packets`: how many packets can have had another fate without the machine's doings: each can be out of order,
    and bring others out of it. `within`: only packets that were due then count; any can have overtaken them.
    """
    doubt, packets = effects.doubt, analysis.matched.packets
    order = analysis.order if doubt is None else _received_before(doubt.from_ns, analysis)

    def of(own: Order) -> _Found:
        windows, sent = windows_of(evidence, analysis, effects, own)
        counted = np.ones(len(sent), dtype=bool) if within is None else within.has(packets.due_ns[own.packet[sent]])
        queued = not (windows.free.any() or windows.changed.any())
        found = _reordered(own, windows, sent, counted)
        return _Found(found, int(np.count_nonzero(counted)), queued, *_reach(packets, own.packet[sent], windows))

    found = _Found.of_all(in_parallel(of, by_whole_streams(order, packets)))
    if doubt is not None:
        return _at_least(found.reordered, more)
    reach, span_ns = (0, 0) if found.queued else (found.reach, found.span_ns)
    others = other_packets * (reach + 1) if reach and other_packets else 0.0
    return _bounds(found.reordered, others, _Widest(2 * reach + 1, span_ns), found.arrived, other_packets, more)


def _received_before(at_ns: int, analysis: Analysis) -> Order:
    return analysis.order.chosen(analysis.matched.packets.received_ns[analysis.order.packet] < at_ns)


def _reordered(order: Order, windows: Windows, sent: Ints, counted: Flags) -> _Reordered:
    """Every packet that can be out of order, of those that count."""
    first, last = windows.earliest_ns, windows.latest_ns
    overtaken_from = least_after(first)
    measured = order.reordered[sent]
    possible = measured | (last > _least_after_that_overtakes(windows, overtaken_from))
    overtaken_until = least_after(last)
    certain = measured & (first > overtaken_until)
    rows = np.flatnonzero(possible & counted)
    certain = certain[rows]
    after_gap_low = certain & _surely_after_gap(order, windows, sent)[rows] if certain.any() else certain
    after_gap_high = last[rows] > least_after(np.where(_can_end_silence(windows), first, NEVER))[rows]
    by_first, by_last = np.sort(first, kind="stable"), np.sort(last, kind="stable")
    before_last = most_before(last)[rows]
    first, last, overtaken_from, overtaken_until = (
        each[rows] for each in (first, last, overtaken_from, overtaken_until)
    )
    before_all = np.searchsorted(by_last, first)  # arrived before it whatever the machine did
    high = np.searchsorted(by_first, last) - np.searchsorted(by_last, overtaken_from, side="right") - 1
    low = before_all - np.searchsorted(by_first, overtaken_until) + 1
    degree = before_all - np.searchsorted(by_first, before_last, side="right")
    return _Reordered(
        certain=certain,
        extent_low=np.where(certain, np.maximum(low, 1), 0),
        extent_high=np.maximum(high, 1),
        late_low_ns=np.where(certain, np.maximum(first - overtaken_until, 0), 0),
        late_high_ns=np.maximum(last - overtaken_from, 0),
        degree_low=np.where(certain, np.maximum(degree, 0), 0),
        after_gap_low=after_gap_low,
        after_gap_high=after_gap_high,
    )


def _least_after_that_overtakes(windows: Windows, of_all: Ints) -> Ints:
    """The earliest arrival of what was sent after each packet and can have overtaken it; `of_all`: of all that was sent
    after it."""
    first, free = windows.earliest_ns, windows.free
    # From where the stream first changed its path after each packet on, any can have come on another one.
    changes = np.append(windows.changes, len(first))
    from_each = np.append(np.minimum.accumulate(first[::-1])[::-1], NEVER)
    found = np.repeat(from_each[changes], np.diff(changes, prepend=0))
    if free.any():
        np.minimum(found, least_after(np.where(free, first, NEVER)), out=found)
        np.copyto(found, of_all, where=free)
    return found


def _surely_after_gap(order: Order, windows: Windows, sent: Ints) -> Flags:
    """Flags packets of which what overtook them first ended a silence whatever the machine did.

    Nothing arrived in it: so what came before it came no later than the latest of that, and the rest no earlier than
    the earliest, which must be the same packet.
    """
    place = np.empty(len(sent), np.int64)
    place[sent] = np.arange(len(sent))
    first, last = windows.earliest_ns[place], windows.latest_ns[place]
    following = least_after(first)
    ended = np.minimum(first, following) - most_before(last) >= windows.silent_ns[place]
    by = np.arange(len(first)) - order.extent
    found: Flags = order.after_gap & (ended & (following > last))[by]
    return found[sent]


def _can_end_silence(windows: Windows) -> Flags:
    """Flags arrivals before which there can have been a silence: none that surely came before it came late enough."""
    first, last = windows.earliest_ns, windows.latest_ns
    found: Flags = windows.silent_ns > 0
    # Most came soon after what was sent before, which surely came before: none of those can.
    found[1:] &= (last[:-1] >= first[1:]) | (last[1:] - first[:-1] >= windows.silent_ns[1:])
    rows = np.flatnonzero(found)
    by_last = np.argsort(last, kind="stable")
    latest = np.append(np.maximum.accumulate(first[by_last]), EVER)
    before = np.searchsorted(last[by_last], first[rows]) - 1
    found[rows] = last[rows] - latest[before] >= windows.silent_ns[rows]
    return found


def _reach(packets: Packets, rows: Ints, windows: Windows) -> tuple[int, int]:
    """How many packets a stream sends in the span of the transit times of those that arrived, and that span, ns; the
    most of all."""
    if not len(rows):
        return 0, 0
    stream, due_ns = packets.stream[rows], packets.due_ns[rows]
    begin = np.flatnonzero(np.diff(stream, prepend=-1))
    longest = np.maximum.reduceat(windows.latest_ns - due_ns, begin)
    span_ns = np.zeros(stream[-1] + 1, np.int64)
    span_ns[stream[begin]] = longest - np.minimum.reduceat(windows.earliest_ns - due_ns, begin)
    sent = slice(*np.searchsorted(packets.stream, (stream[0], stream[-1] + 1)))  # with those that were lost
    stream, due_ns = packets.stream[sent], packets.due_ns[sent]
    due = np.sort(due_ns + stream * (np.ptp(due_ns) + span_ns.max() + 1), kind="stable")
    until = np.searchsorted(due, due + span_ns[stream], side="right")
    return int((until - np.arange(len(due))).max()) - 1, int(span_ns.max())


def _bounds(
    found: _Reordered, others: float, widest: _Widest, arrived: int, other_packets: float, more: Quantiles
) -> dict[str, Interval]:
    """`others`: packets that can be out of order, or not, because of those with another fate."""
    least, most = max(0.0, np.count_nonzero(found.certain) - others), len(found.certain) + others
    bounds = {}
    for name, low, high, largest in (
        ("extent", found.extent_low, found.extent_high, float(widest.extent)),
        ("late_ms", found.late_low_ns / _MS, found.late_high_ns / _MS, widest.late_ns / _MS),
    ):
        for which, share in (*LENGTH_QUANTILES, *more):
            own = quantile_of_some(low.astype(float), high.astype(float), found.certain, share)
            wide = finite(0.0, max(own.high or 0.0, largest))
            bounds[f"order.{name}.{which}"] = wide if others else own
    three = found.degree_low >= DUPTHRESH, found.extent_high >= DUPTHRESH
    extent = max(int(found.extent_high.max(initial=0)), widest.extent if others else 0)
    return {
        **bounds,
        "order.reordered": finite(least, most),
        "order.reordered_percent": _percent(least, most, arrived, other_packets),
        "order.n_reordering": finite(0 if others else int(found.degree_low.max(initial=0)), extent),
        "order.three_reordered": _count(*three, others),
        "order.after_gap": _count(found.after_gap_low, found.after_gap_high, others),
    }


def _count(low: Flags, high: Flags, others: float) -> Interval:
    return finite(max(0.0, np.count_nonzero(low) - others), np.count_nonzero(high) + others)


def _percent(least: float, most: float, arrived: int, other_packets: float) -> Interval:
    if not arrived:
        return Interval(None, None)
    return finite(100 * least / (arrived + other_packets), min(100.0, 100 * most / max(1.0, arrived - other_packets)))


def _at_least(found: _Reordered, more: Quantiles) -> dict[str, Interval]:
    """What is certain of the time before a doubt."""
    largest = {
        "extent.max": found.extent_low.max(initial=0),
        "late_ms.max": found.late_low_ns.max(initial=0) / _MS,
        "n_reordering": found.degree_low.max(initial=0),
        "reordered": np.count_nonzero(found.certain),
        "three_reordered": np.count_nonzero(found.degree_low >= DUPTHRESH),
        "after_gap": np.count_nonzero(found.after_gap_low),
    }
    names = [f"{name}.{which}" for name in ("extent", "late_ms") for which, _ in (*LENGTH_QUANTILES, *more)]
    bounds = {f"order.{name}": Interval(0.0, None) for name in (*names, "reordered_percent")}
    return bounds | {f"order.{name}": Interval(round(float(low), 3), None) for name, low in largest.items()}
