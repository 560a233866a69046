"""One-way latency and loss over time, by pair of clusters. Pure; times in s since the media start, delays in ms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from results.metrics.analysis import Analysis
from results.metrics.matching import Ints
from results.metrics.streams import Floats
from results.page.bins import Bins, counts, extremes
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


def pair_of_stream(analysis: Analysis) -> Ints:
    """The number of each measured stream's pair, in the order of the summary."""
    numbers = {pair: number for number, pair in enumerate(pairs(analysis.matched.streams))}
    streams = analysis.matched.streams
    return np.array([numbers[stream.source, stream.destination] for stream in streams], np.int64)


def pair_series(analysis: Analysis, summary: Summary, bins: Bins) -> list[PairSeries]:
    """The pairs to draw."""
    packets, total = analysis.matched.packets, len(summary.pairs)
    pair = pair_of_stream(analysis)[packets.stream]
    arrived = packets.arrived
    latency = extremes(
        bins, packets.sent_ns[arrived], (packets.received_ns - packets.sent_ns)[arrived], pair[arrived], total
    )
    lost = analysis.fate.lost
    missed, sent = counts(bins, packets.sent_ns[lost], pair[lost], total), counts(bins, packets.sent_ns, pair, total)
    share = missed / np.maximum(sent, 1)
    return [
        PairSeries(row.source, row.destination, latency.low[n], latency.middle[n], latency.high[n], share[n])
        for n, row in enumerate(summary.pairs)
        if n in _drawn(summary)
    ]


def _drawn(summary: Summary) -> set[int]:
    lengths = [row.interruption_ms.max or 0.0 for row in summary.pairs]
    return set(sorted(range(len(lengths)), key=lambda number: -lengths[number])[:MOST_PAIRS])
