"""Distributions of interruptions and of latency. Pure; ms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hostio.timing import MS
from results.metrics.analysis import Analysis
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
    return [_distribution(name, np.sort(each) / MS) for name, each in lengths.items()]


def latency_distributions(analysis: Analysis) -> list[Distribution]:
    """Of the one-way latency of packets that arrived, by pair of clusters."""
    packets, names = analysis.matched.packets, pairs(analysis.matched.streams)
    arrived = packets.arrived
    pair = pair_of_stream(analysis)[packets.stream[arrived]]
    latency_ns = packets.received_ns[arrived] - packets.sent_ns[arrived]
    parts = (np.sort(latency_ns[pair == number]) / MS for number in range(len(names)))
    found = zip(names, parts, strict=True)
    return [_distribution(f"{a} → {b}", values) for (a, b), values in found if len(values)]


def _distribution(name: str, ordered: Floats) -> Distribution:
    count = len(ordered)
    shares = np.rint(_SHARES * (count - 1)).astype(np.int64)
    ranks = np.arange(count) if count <= MOST_POINTS else np.unique(shares)
    return Distribution(name, ordered[ranks], (ranks + 1) / count, count)
