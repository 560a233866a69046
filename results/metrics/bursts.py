"""Burst and gap metrics of lost packets (RFC 3611 §4.7.2). Pure; times in ns.

A burst begins and ends with a lost packet, and has no `GMIN` received packets in a row within. A lost packet alone in
one is none: it is of the gap around it. Before the first packet of a stream, and after its last, as many are taken to
have been received. Nobody knows what a jitter buffer would have discarded: only lost packets count.

The counts are those of the definition. The appendix (A.2) estimates them from the transitions of a Markov model, which
for the example of §4.7.2 gives another density than the example itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from results.metrics.matching import Flags, Ints

GMIN = 16
"""Received packets in a row that end a burst: the value that the RFC recommends."""


@dataclass(frozen=True, slots=True, eq=False)
class Bursts:
    """Bursts and gaps of streams; columns with an entry for each stream. `bursts`, `gaps`: how many; then the packets,
    those of them that were lost, and the media time that they stand for."""

    bursts: Ints
    burst_packets: Ints
    burst_lost: Ints
    burst_ns: Ints
    longest_ns: Ints
    gaps: Ints
    gap_packets: Ints
    gap_lost: Ints
    gap_ns: Ints


def bursts_of(stream: Ints, lost: Flags, lasts_ns: Ints, streams: int) -> Bursts:
    """Bursts and gaps of packets in order of stream and sequence. `lasts_ns`: the media time of each packet."""
    first, last, burst_lost = _bounds(stream, lost)
    through_ns = np.concatenate([np.zeros(1, np.int64), np.cumsum(lasts_ns)])
    own, packets, length_ns = stream[first], last - first + 1, through_ns[last + 1] - through_ns[first]
    longest_ns = np.zeros(streams, np.int64)
    np.maximum.at(longest_ns, own, length_ns)
    counts = [_sums(own, each, streams) for each in (np.ones_like(own), packets, burst_lost, length_ns)]
    whole = [np.bincount(rows, minlength=streams) for rows in (stream, stream[lost])]
    whole.append(_sums(stream, lasts_ns, streams))
    bursts, burst_packets, burst_lost_of, burst_ns = counts
    return Bursts(
        bursts,
        burst_packets,
        burst_lost_of,
        burst_ns,
        longest_ns,
        _gaps(stream, first, last, streams),
        whole[0] - burst_packets,
        whole[1] - burst_lost_of,
        whole[2] - burst_ns,
    )


def _bounds(stream: Ints, lost: Flags) -> tuple[Ints, Ints, Ints]:
    """First and last row of each burst, and how many of its packets were lost."""
    rows = np.flatnonzero(lost)
    apart = (np.diff(rows) > GMIN) | (np.diff(stream[rows]) != 0)
    begins = np.flatnonzero(np.concatenate([np.ones(min(1, len(rows)), bool), apart]))
    ends = np.append(begins[1:], len(rows))[: len(begins)]
    burst = ends - begins > 1
    begins, ends = begins[burst], ends[burst]
    return rows[begins], rows[ends - 1], ends - begins


def _gaps(stream: Ints, first: Ints, last: Ints, streams: int) -> Ints:
    """How many gaps each stream has: one after each burst and one before the first, but none without a packet."""
    present = np.bincount(stream, minlength=streams) > 0
    gaps = present + np.bincount(stream[first], minlength=streams)
    opens = first[np.append(-1, stream)[first] != stream[first]]
    closes = last[np.append(stream, -1)[last + 1] != stream[last]]
    for empty in (opens, closes):
        gaps = gaps - np.bincount(stream[empty], minlength=streams)
    found: Ints = gaps.astype(np.int64)
    return found


def _sums(stream: Ints, values: Ints, streams: int) -> Ints:
    """Sum of the values of each stream, exact to 2^53."""
    return np.bincount(stream, values, streams).astype(np.int64)
