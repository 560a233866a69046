"""Links over time: the delay and loss of probes, and how much of its rate each carried. Pure; s, ms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relay_app.records import PROBE
from results.metrics.analysis import Analysis, Evidence
from results.metrics.link_use import Carried
from results.metrics.matching import Flags, Ints
from results.metrics.streams import Floats
from results.page.bins import Bins, extreme_rows, extremes, share
from results.run_files.link_rates import rated_spans
from results.run_files.records import Rows
from topologies.model import Direction, Link, link_name

MOST_LINKS = 15
"""Largest number of links drawn: those with faults first."""


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One direction of a link. `low`, `middle`, `high`: one-way delay of the probes sent in a bin, ms, NaN without any;
    `lost`: share of those due that did not arrive, 0 to 1. `used`: share of its rate that it carried at the times
    `used_at_s`; empty if it has no rate, or that was not recorded."""

    direction: Direction
    low: Floats
    middle: Floats
    high: Floats
    lost: Floats
    used_at_s: Floats
    used: Floats


@dataclass(frozen=True, slots=True, eq=False)
class LinkSeries:
    """Both directions of a link."""

    name: str
    ways: tuple[Way, Way]

    @property
    def rated(self) -> bool:
        """Whether it is known how much of a rate either direction carried."""
        return any(len(way.used) for way in self.ways)


def link_series(evidence: Evidence, analysis: Analysis, bins: Bins) -> list[LinkSeries]:
    """The links to draw."""
    topology = evidence.plan.topology
    faulted = {direction for fault in evidence.plan.link_faults for direction in fault.directions}
    order = sorted(topology.links, key=lambda link: not faulted & {*link.directions})[:MOST_LINKS]
    return [_of_link(evidence, analysis, link, bins) for link in topology.links if link in order]


def _of_link(evidence: Evidence, analysis: Analysis, link: Link, bins: Bins) -> LinkSeries:
    there, back = (_way(evidence, analysis, direction, bins) for direction in link.directions)
    return LinkSeries(link_name(link.a, link.b), (there, back))


def _way(evidence: Evidence, analysis: Analysis, direction: Direction, bins: Bins) -> Way:
    rows = evidence.recording.probes.get(direction.destination, np.empty(0, PROBE))
    source = evidence.plan.topology.cluster(direction.source).ordinal
    mine = rows[(rows["source"] == source) & (rows["via"] == 0)]
    sent_ns, received_ns = mine["sent_ns"].astype(np.int64), mine["received_ns"].astype(np.int64)
    delay = extremes(bins, sent_ns, received_ns - sent_ns)
    due_ns, lost = _due(mine, analysis.end_ns)
    missed = share(bins, due_ns[lost], due_ns)
    return Way(direction, delay.low, delay.middle, delay.high, missed, *_used(evidence, analysis, direction))


def _due(rows: Rows, end_ns: int) -> tuple[Ints, Flags]:
    """When each probe of a direction was sent, and whether it was lost.

    A probe that did not arrive has no record: its number is missing, and it was sent in its place between those beside
    it. After the last one, as many were lost as would have been sent until the end, less what may be under way.
    """
    if len(rows) < 2:
        return np.empty(0, np.int64), np.empty(0, np.bool_)
    ordered = np.sort(rows, order="sequence")
    number, sent_ns = ordered["sequence"].astype(np.int64), ordered["sent_ns"].astype(np.int64)
    interval_ns = max(1, int(np.median(np.diff(sent_ns) / np.maximum(np.diff(number), 1))))
    longest_ns = int((ordered["received_ns"] - ordered["sent_ns"]).max())
    more = max(0, (end_ns - longest_ns - int(sent_ns[-1])) // interval_ns)
    every = np.arange(number[0], number[-1] + more + 1)
    due_ns = np.interp(every, number, sent_ns).astype(np.int64)
    due_ns[len(every) - more :] = sent_ns[-1] + interval_ns * np.arange(1, more + 1)
    return due_ns, ~np.isin(every, number)


def _used(evidence: Evidence, analysis: Analysis, direction: Direction) -> tuple[Floats, Floats]:
    """From each sample of the bytes carried to the next: the middle, s, and the share of the rate that was used."""
    plan, rows = evidence.plan, evidence.link_bytes
    if rows is None or direction not in plan.rated_directions:
        return np.empty(0), np.empty(0)
    carried = Carried.of(rows, plan.topology.directions.index(direction))
    sampled_ns = (carried.from_ns + carried.until_ns) / 2 - analysis.start_ns
    middle_ns = (sampled_ns[1:] + sampled_ns[:-1]) / 2
    spans = rated_spans(plan.topology, plan.faults, direction, plan.duration_ns)
    rate_bps = np.full(len(middle_ns), np.nan)
    for span in spans:
        rate_bps[(middle_ns >= span.from_ns) & (middle_ns < span.until_ns)] = span.rate_bps
    used = np.diff(carried.bits) / np.maximum(np.diff(sampled_ns), 1) * 1e9 / rate_bps
    known = np.flatnonzero(np.isfinite(used))
    drawn = known[extreme_rows(used[known])]
    return middle_ns[drawn] / 1e9, used[drawn]
