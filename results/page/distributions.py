"""Distributions of interruptions and of latency. Pure; ms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hostio.timing import MS
from results.metrics.analysis import Analysis
from results.metrics.matching import Ints
from results.metrics.streams import Floats
from results.page.pair_series import pair_of_stream
from results.verdict.findings import pairs

MOST_POINTS = 400

_SHARES = np.unique([*np.linspace(0, 1, 201), *(1 - np.geomspace(1e-4, 0.01, 20)), *np.geomspace(1e-4, 0.01, 20)])
"""Where a distribution of many is drawn: every half percent, and finer at both ends, which are the extremes."""


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """The share (0 to 1) of `count` values that are at most `value_ms`."""

    name: str
    value_ms: Floats
    share: Floats
    count: int


def interruption_distributions(analysis: Analysis) -> list[Distribution]:
    """Of the lengths of interruptions, by group of sessions; those that lasted until the end count until then."""
    groups = dict.fromkeys(each.stream.group for each in analysis.interruptions)
    lengths = {
        name: np.array([each.length_ns for each in analysis.interruptions if each.stream.group == name], np.int64)
        for name in groups
    }
    return [_distribution(name, each) for name, each in lengths.items()]


def latency_distributions(analysis: Analysis) -> list[Distribution]:
    """Of the one-way latency of packets that arrived, by pair of clusters."""
    packets = analysis.matched.packets
    pair, arrived = pair_of_stream(analysis)[packets.stream], packets.arrived
    found = []
    for number, (source, destination) in enumerate(pairs(analysis.matched.streams)):
        rows = np.flatnonzero((pair == number) & arrived)
        if len(rows):
            found.append(_distribution(f"{source} → {destination}", packets.received_ns[rows] - packets.sent_ns[rows]))
    return found


def _distribution(name: str, values_ns: Ints) -> Distribution:
    """Of some values, which are left in order: a run has millions of them, of which a figure shows few."""
    values_ns.sort()
    count = len(values_ns)
    shares = np.rint(_SHARES * (count - 1)).astype(np.int64)
    ranks = np.arange(count) if count <= MOST_POINTS else np.unique(shares)
    return Distribution(name, values_ns[ranks] / MS, (ranks + 1) / count, count)
