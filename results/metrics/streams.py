"""Loss, latency and jitter of media streams, from matched packets. Pure; times in ns until `summary` says otherwise."""

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

LONGEST_GUARD_NS = 1 * S
"""A packet that takes longer is lost to any conversation (ITU-T G.114 ends at 400 ms), in flight or not."""


@dataclass(frozen=True, slots=True, eq=False)
class Fates:
    """Per packet that did not arrive: lost, or in flight at the media end. `horizon_ns` parts the two.

    A packet sent within the largest latency seen before the media end may still be under way then; nobody knows.
    """

    horizon_ns: int
    lost: Flags
    in_flight: Flags


@dataclass(frozen=True, slots=True)
class Counts:
    """Packets of some streams: `sent` = `received` + `lost` + `in_flight`; `duplicates` are further copies."""

    sent: int
    received: int
    lost: int
    in_flight: int
    duplicates: int

    @property
    def loss(self) -> float | None:
        """Lost packets over those whose fate is known; None if there are none."""
        judged = self.received + self.lost
        return self.lost / judged if judged else None


@dataclass(frozen=True, slots=True)
class StreamMetrics:
    """What one direction of a session heard; None where nothing arrived. `jitter_ns`: the estimate at the end."""

    stream: Stream
    counts: Counts
    latency_p50_ns: float | None
    latency_p99_ns: float | None
    jitter_ns: float | None


def fates(packets: Packets, media_end_ns: int) -> Fates:
    """Lost or in flight, for every packet that did not arrive."""
    guard = min(int(latencies(packets).max(initial=0)), LONGEST_GUARD_NS)
    horizon = media_end_ns - guard
    judged, missing = packets.sent_ns < horizon, ~packets.arrived
    return Fates(horizon, lost=judged & missing, in_flight=~judged & missing)


def counts(packets: Packets, fate: Fates, rows: slice | Flags = slice(None)) -> Counts:
    """Count packets over a selection of rows."""
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
    """One-way latency of the first copy of each packet that arrived, in the order of the rows."""
    arrived = packets.arrived_in(rows)
    found: Ints = (packets.received_ns[rows] - packets.sent_ns[rows])[arrived]
    return found


def jitter(arrivals: Arrivals) -> Floats:
    """Interarrival jitter J after each arrival, duplicates included, per stream in order of arrival (RFC 3550 §6.4.1).

    The send time is the transmission time the packet carries, not its RTP timestamp: this is the network's jitter
    without the sender's pacing error (the correction of RFC 5450). J starts at 0 with the first packet.
    """
    transit = arrivals.received_ns - arrivals.sent_ns
    change = np.abs(np.diff(transit, prepend=transit[:1]))
    estimates = np.empty(len(change))
    for rows in slices(arrivals.stream):
        differences = change[rows].tolist()
        differences[0] = 0.0
        estimates[rows] = list(accumulate(differences, lambda j, d: j + (d - j) / 16))
    return estimates


def slices(stream: Ints) -> list[slice]:
    """The rows of each stream that has any, of a column ordered by stream."""
    edges = np.flatnonzero(np.diff(stream, prepend=-1, append=-1)).tolist()
    return [slice(start, stop) for start, stop in pairwise(edges)]


def quantile(values: Ints | Floats, share: float) -> float | None:
    """Linear between neighbours; None without values."""
    return float(np.quantile(values, share)) if len(values) else None


def stream_metrics(matched: Matched, fate: Fates, estimates: Floats) -> tuple[StreamMetrics, ...]:
    """One per measured stream that sent anything; `estimates` is the jitter of the arrivals."""
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
    """Both quantiles at once: numpy takes longer to be called than for one stream's packets."""
    if not len(values):
        return None, None
    p50, p99 = np.quantile(values, (0.5, 0.99)).tolist()
    return p50, p99


def unmatched(matched: Matched) -> int:
    """Arrivals that no client sent: of a foreign SSRC, or with a sequence number never used."""
    return matched.foreign + int(np.count_nonzero(matched.arrivals.packet == UNMATCHED))
