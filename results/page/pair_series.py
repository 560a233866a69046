"""One-way latency and loss over time, by pair of clusters. Pure; times in s since the media start, delays in ms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from results.metrics.analysis import Analysis
from results.metrics.matching import NEVER, Ints
from results.metrics.streams import Floats
from results.page.bins import Bins, extremes, share
from results.verdict.findings import pairs
from results.verdict.summary import Summary
from topologies.model import link_name

MOST_PAIRS = 12
"""Largest number of pairs drawn: those with the longest interruptions, in the order of the summary."""


@dataclass(frozen=True, slots=True, eq=False)
class PairSeries:
    """The streams from one cluster to another. `low`, `middle`, `high`: least, median and largest latency of the
    packets that were sent in a bin and arrived, NaN if none; `lost`: share of those sent that were lost, 0 to 1."""

    source: str
    destination: str
    low: Floats
    middle: Floats
    high: Floats
    lost: Floats

    @property
    def links(self) -> tuple[str, str]:
        """Both names of the link between the two clusters, which has them in either order."""
        return link_name(self.source, self.destination), link_name(self.destination, self.source)


def pair_of_stream(analysis: Analysis) -> NDArray[np.int16]:
    """The number of each measured stream's pair, in the order of the summary; short, for it is taken of each packet."""
    numbers = {pair: number for number, pair in enumerate(pairs(analysis.matched.streams))}
    streams = analysis.matched.streams
    return np.array([numbers[stream.source, stream.destination] for stream in streams], np.int16)


def pair_series(analysis: Analysis, summary: Summary, bins: Bins) -> list[PairSeries]:
    """The pairs to draw."""
    pair = pair_of_stream(analysis)[analysis.matched.packets.stream]
    return [
        PairSeries(row.source, row.destination, *_of_packets(analysis, np.flatnonzero(pair == number), bins))
        for number, row in enumerate(summary.pairs)
        if number in _drawn(summary)
    ]


def _of_packets(analysis: Analysis, rows: Ints, bins: Bins) -> tuple[Floats, Floats, Floats, Floats]:
    """Least, median and largest latency of some packets, and the share of them that was lost, by bin."""
    packets = analysis.matched.packets
    lost = share(bins, packets.sent_ns[rows[analysis.fate.lost[rows]]], packets.sent_ns[rows])
    arrived = rows[packets.received_ns[rows] != NEVER]
    sent_ns = packets.sent_ns[arrived]
    latency = extremes(bins, sent_ns, packets.received_ns[arrived] - sent_ns)
    return latency.low, latency.middle, latency.high, lost


def _drawn(summary: Summary) -> set[int]:
    lengths = [row.interruption_ms.max or 0.0 for row in summary.pairs]
    return set(sorted(range(len(lengths)), key=lambda number: -lengths[number])[:MOST_PAIRS])
