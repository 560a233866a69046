"""Loss, one-way delay and jitter of media streams, from matched packets. Pure; times in ns."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hostio.timing import S
from relay_app.streams import Stream
from results.metrics.matching import UNMATCHED, Arrivals, Flags, Ints, Matched, Packets

Floats: TypeAlias = NDArray[np.float64]

_JITTER_GAIN = 16
"""Of the estimate of jitter, its reciprocal (RFC 3550 §6.4.1)."""

_FEW_STREAMS = 16
"""From so many streams on it pays to compute one arrival of each at once."""

_MEDIAN_AND_P99 = np.array([0.5, 0.99])

LONGEST_GUARD_NS = 1 * S
"""Longest time before the media end for which packets count as in flight. Packets that take longer are useless to a
conversation (ITU-T G.114: at most 400 ms), so their loss is not left open."""


@dataclass(frozen=True, slots=True, eq=False)
class Fates:
    """Flags, per packet, of those that did not arrive: lost if sent before `horizon_ns`, else in flight.

    The horizon is the media end less the largest delay seen. A packet sent later may have been on its way when
    recording stopped. To count it as lost would add loss to every run; to count it as received would hide an
    interruption that lasts until the end. So it is neither, and takes no part in the loss ratio.
    """

    horizon_ns: int
    lost: Flags
    in_flight: Flags


@dataclass(frozen=True, slots=True)
class Counts:
    """Packets of some streams: `sent` = `received` + `lost` + `in_flight`; `duplicates`: copies beyond the first."""

    sent: int
    received: int
    lost: int
    in_flight: int
    duplicates: int

    @property
    def loss(self) -> float | None:
        """Loss ratio, 0 to 1: lost / (lost + received); None if both are 0."""
        judged = self.received + self.lost
        return self.lost / judged if judged else None


@dataclass(frozen=True, slots=True)
class StreamMetrics:
    """Figures of one stream; None if nothing arrived. `jitter_ns`: the estimate J after the last arrival."""

    stream: Stream
    counts: Counts
    latency_p50_ns: float | None
    latency_p99_ns: float | None
    jitter_ns: float | None


def fates(packets: Packets, media_end_ns: int) -> Fates:
    """Decide, for every packet that did not arrive, whether it was lost or in flight."""
    guard = min(int(latencies(packets).max(initial=0)), LONGEST_GUARD_NS)
    horizon = media_end_ns - guard
    judged, missing = packets.sent_ns < horizon, ~packets.arrived
    return Fates(horizon, lost=judged & missing, in_flight=~judged & missing)


def counts(packets: Packets, fate: Fates, rows: slice | Flags = slice(None)) -> Counts:
    """Count the packets in a selection of rows."""
    arrived = packets.arrived_in(rows)
    received = int(np.count_nonzero(arrived))
    return Counts(
        sent=len(arrived),
        received=received,
        lost=int(np.count_nonzero(fate.lost[rows])),
        in_flight=int(np.count_nonzero(fate.in_flight[rows])),
        duplicates=int(packets.copies[rows].sum()) - received,
    )


def latencies(packets: Packets, rows: slice | Flags = slice(None)) -> Ints:
    """One-way delay of the first copy of each packet that arrived, ns, in the order of the rows."""
    arrived = packets.arrived_in(rows)
    found: Ints = (packets.received_ns[rows] - packets.sent_ns[rows])[arrived]
    return found


def jitter(arrivals: Arrivals) -> Floats:
    """Interarrival jitter J after each arrival (RFC 3550 §6.4.1), ns; per stream in order of arrival, with duplicates.

    The send time is the transmission time that the packet carries, not its RTP timestamp, so that the sender's pacing
    error is no part of J (as with RFC 5450). J is 0 at the first packet.
    """
    transit = arrivals.received_ns - arrivals.sent_ns
    change = np.abs(np.diff(transit, prepend=transit[:1])).astype(np.float64)
    begin = np.flatnonzero(np.diff(arrivals.stream, prepend=-1))
    count = np.diff(begin, append=len(change))
    order = np.argsort(-count, kind="stable")
    begin, count = begin[order], count[order]
    change[begin] = 0.0
    estimates, current, step = np.empty(len(change)), np.zeros(len(begin)), 0
    # One arrival of each stream at a time, until few streams have any left: those one stream at a time.
    while (going := int(np.searchsorted(-count, -step))) > _FEW_STREAMS:
        rows = begin[:going] + step
        current[:going] += (change[rows] - current[:going]) / _JITTER_GAIN
        estimates[rows] = current[:going]
        step += 1
    for number in range(going):
        left = slice(begin[number] + step, begin[number] + count[number])
        gained = accumulate(change[left].tolist(), _next_jitter, initial=float(current[number]))
        estimates[left] = list(gained)[1:]
    return estimates


def _next_jitter(estimate: float, difference: float) -> float:
    return estimate + (difference - estimate) / _JITTER_GAIN


def slices(stream: Ints) -> list[slice]:
    """The rows of each stream that has any; `stream` is sorted."""
    edges = np.flatnonzero(np.diff(stream, prepend=-1, append=-1)).tolist()
    return [slice(start, stop) for start, stop in pairwise(edges)]


def quantile(values: Ints | Floats, share: float) -> float | None:
    """A quantile, interpolated linearly between neighbours; None without values."""
    return float(np.quantile(values, share)) if len(values) else None


def stream_metrics(matched: Matched, fate: Fates, estimates: Floats) -> tuple[StreamMetrics, ...]:
    """Figures of each measured stream that sent anything; `estimates`: what `jitter` gives."""
    packets, arrivals = matched.packets, matched.arrivals
    last_jitter = {
        int(arrivals.stream[rows.start]): float(estimates[rows.stop - 1]) for rows in slices(arrivals.stream)
    }
    found = []
    for rows in slices(packets.stream):
        index = int(packets.stream[rows.start])
        p50_ns, p99_ns = _median_and_p99(latencies(packets, rows))
        found.append(
            StreamMetrics(matched.streams[index], counts(packets, fate, rows), p50_ns, p99_ns, last_jitter.get(index))
        )
    return tuple(found)


def _median_and_p99(values: Ints) -> tuple[float | None, float | None]:
    if not len(values):
        return None, None
    # With the few packets of a stream, the call of np.quantile takes ten times as long as all of this.
    ordered, at = np.sort(values), _MEDIAN_AND_P99 * (len(values) - 1)
    below = at.astype(np.int64)
    p50, p99 = between(ordered[below], ordered[np.ceil(at).astype(np.int64)], at - below).tolist()
    return p50, p99


def between(one: Floats | Ints, other: Floats | Ints, part: Floats) -> Floats:
    """Linear interpolation as `np.quantile` has it, exact at both ends."""
    found: Floats = np.where(part < 0.5, one + (other - one) * part, other - (other - one) * (1 - part))
    return found


def unmatched(matched: Matched) -> int:
    """Number of arrivals that match no packet sent: unknown SSRC, or sequence number not used."""
    return matched.foreign + int(np.count_nonzero(matched.arrivals.packet == UNMATCHED))
