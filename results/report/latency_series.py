"""Data of the latency plot. Pure; times in s since the media start, delays in ms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hostio.timing import MS
from results.metrics.analysis import Analysis, Evidence
from results.metrics.matching import Flags, Ints
from results.metrics.nearly_ordered import distinct
from results.metrics.network_figures import FaultRow, RerouteRow
from results.metrics.paths import relays_passed, tells_route
from results.metrics.streams import Floats
from results.run_files.plan import Plan
from results.verdict.findings import pairs, rows_of_pair
from results.verdict.summary import Summary
from topologies.model import Topology, link_name

SHORTEST_BIN_NS = 50 * MS
MOST_BINS = 600
"""With more, a bin would be narrower than a pixel of the plot."""

Route = tuple[str, ...] | None
"""The relays passed between the two ends; () is the direct path, None: packets that do not tell."""


@dataclass(frozen=True, slots=True, eq=False)
class RouteLatency:
    """One-way delay over time by one route: 1st percentile, median and 99th of each bin, NaN in a bin without packets.

    `one_way_ms`: sum of the emulated delays along the route; None if it is no path of the topology, or not told.
    """

    via: Route
    low_ms: Floats
    median_ms: Floats
    high_ms: Floats
    one_way_ms: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One direction between two clusters. `lost`: share of the packets sent in each bin that were lost, 0 to 1."""

    source: str
    destination: str
    directions: int
    interrupted: int
    still_interrupted: int
    routes: tuple[RouteLatency, ...]
    lost: Floats

    @property
    def links(self) -> tuple[str, str]:
        """Both names of the link between the two clusters, which has them in either order."""
        return link_name(self.source, self.destination), link_name(self.destination, self.source)


@dataclass(frozen=True, slots=True, eq=False)
class LatencyPicture:
    """The whole plot. `at_s`: middle of each bin; packets are binned by send time, so that losses have a place."""

    title: str
    subtitle: str
    end_s: float
    bin_ms: float
    at_s: Floats
    panels: tuple[Panel, ...]
    faults: tuple[FaultRow, ...]
    reroutes: tuple[RerouteRow, ...]


def latency_picture(evidence: Evidence, analysis: Analysis, summary: Summary) -> LatencyPicture:
    """The data of the latency plot of a run."""
    edges = _bin_edges(analysis)
    middles = (edges[:-1] + edges[1:]) / 2
    return LatencyPicture(
        title=f"{summary.scenario}: {summary.verdict}",
        subtitle=_subtitle(summary),
        end_s=analysis.seconds(analysis.end_ns),
        bin_ms=float(edges[1] - edges[0]) / MS,
        at_s=(middles - analysis.start_ns) / 1e9,
        panels=tuple(_panels(evidence.plan, analysis, summary, edges)),
        faults=tuple(summary.faults),
        reroutes=tuple(summary.reroutes),
    )


def _subtitle(summary: Summary) -> str:
    longest = summary.media.interruption_ms.max
    uninterrupted = "nothing interrupted" if summary.media.sent else "nothing measured"
    heard = uninterrupted if longest is None else f"longest interruption {longest:.0f} ms"
    backend = f"{summary.backend.link or 'unknown'} links, {summary.backend.datapath or 'unknown'} datapath"
    return f"{heard} · {summary.media.directions} directions · seed {summary.seed} · {backend}"


def _bin_edges(analysis: Analysis) -> Ints:
    length = max(analysis.end_ns - analysis.start_ns, 1)
    width = SHORTEST_BIN_NS * max(1, -(-length // (SHORTEST_BIN_NS * MOST_BINS)))
    return analysis.start_ns + width * np.arange(-(-length // width) + 1, dtype=np.int64)


def _panels(plan: Plan, analysis: Analysis, summary: Summary, edges: Ints) -> Iterator[Panel]:
    for (source, destination), row in zip(pairs(analysis.matched.streams), summary.pairs, strict=True):
        rows = rows_of_pair(analysis, source, destination)
        yield Panel(
            source=source,
            destination=destination,
            directions=row.directions,
            interrupted=row.interrupted,
            still_interrupted=row.still_interrupted,
            routes=tuple(_routes(plan, analysis, (source, destination), rows, edges)),
            lost=_lost_share(analysis, rows, edges),
        )


def _routes(plan: Plan, analysis: Analysis, ends: tuple[str, str], rows: Flags, edges: Ints) -> Iterator[RouteLatency]:
    packets, topology = analysis.matched.packets, plan.topology
    for via, chosen in _by_route(plan, analysis, ends, np.flatnonzero(rows & packets.arrived)):
        latency_ms = (packets.received_ns[chosen] - packets.sent_ns[chosen]) / 1e6
        low, median, high = _quantiles_by_bin(packets.sent_ns[chosen], latency_ms, edges, (0.01, 0.5, 0.99))
        yield RouteLatency(via, low, median, high, _emulated_ms(topology, ends, via))


def _by_route(plan: Plan, analysis: Analysis, ends: tuple[str, str], arrived: Ints) -> Iterator[tuple[Route, Ints]]:
    """Each route, the shortest first, and the packets that took it; at last those that do not tell theirs."""
    packets = analysis.matched.packets
    telling = np.array([tells_route(plan, stream) for stream in analysis.matched.streams], bool)
    told = telling[packets.stream[arrived]]
    paths = packets.path[arrived]
    via_of = {int(path): relays_passed(int(path), plan.topology, ends) for path in distinct(paths[told])[0]}
    for via in sorted(set(via_of.values()), key=lambda via: (len(via), via)):
        yield via, arrived[told & np.isin(paths, [path for path, each in via_of.items() if each == via])]
    if not told.all():
        yield None, arrived[~told]


def _emulated_ms(topology: Topology, ends: tuple[str, str], via: Route) -> float | None:
    if via is None:
        return None
    try:
        return topology.one_way_ns(ends[0], *via, ends[1]) / 1e6
    except KeyError:
        return None


def _quantiles_by_bin(at_ns: Ints, values: Floats, edges: Ints, shares: Sequence[float]) -> list[Floats]:
    """Quantiles of each bin by nearest rank, an array per share; NaN for an empty bin. Values outside are ignored."""
    bins = np.searchsorted(edges, at_ns, side="right") - 1
    by_bin = values[np.argsort(bins.astype(np.int16), kind="stable")]  # by radix: there are at most MOST_BINS
    edge = np.append(0, np.cumsum(np.bincount(bins + 1, minlength=len(edges) + 1)))
    found = np.full((len(shares), len(edges) - 1), np.nan)
    for number in range(len(edges) - 1):
        own = by_bin[edge[number + 1] : edge[number + 2]]
        if len(own):
            ranks = np.rint(np.multiply(shares, len(own) - 1)).astype(np.int64)
            found[:, number] = np.partition(own, ranks)[ranks]
    return [*found]


def _lost_share(analysis: Analysis, rows: Flags, edges: Ints) -> Floats:
    sent_ns = analysis.matched.packets.sent_ns
    sent, _ = np.histogram(sent_ns[rows], bins=edges)
    lost, _ = np.histogram(sent_ns[rows & analysis.fate.lost], bins=edges)
    share: Floats = lost / np.maximum(sent, 1)
    return share
