"""Data of the stall plot. Pure; times in s since the media start, delays in ms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hostio.timing import MS, S
from results.metrics.analysis import Analysis, Evidence
from results.metrics.interruptions import Interruption
from results.metrics.matching import Ints
from results.metrics.network_figures import FaultRow, RerouteRow
from results.metrics.paths import passes
from results.metrics.relay_figures import moved_streams
from results.metrics.streams import Floats
from results.run_files.records import Rows
from results.verdict.summary import Summary

MOST_BINS = 600
_LEAST_BIN_NS = 50 * MS
_PACKETS_PER_BIN = 2.5
"""Least width of a bin in packet intervals, as the shortest interruption: a stream without one has no blank bin."""


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """The `count` rows from `first` on: streams from one cluster to another."""

    source: str
    destination: str
    moved: bool
    """Whether a reroute moved them to the relay, or they passed it before."""
    first: int
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class StallPicture:
    """One relay, and every stream that passed it.

    `edges_s` float[n + 1]: borders of the time bins. `latency_ms` float[streams, n]: mean one-way delay of the packets
    received in a bin, NaN if none. `at_s`: times of the relay's samples; at each, `queue`: keys being fetched plus
    packets held; `waiting_kib`: memory of packets in receive buffers; `lock_held`: share (0 to 1) of the time since the
    sample before.
    """

    title: str
    relay: str
    version: str
    end_s: float
    edges_s: Floats
    latency_ms: NDArray[np.float64]
    bands: tuple[Band, ...]
    at_s: Floats
    queue: Ints
    waiting_kib: Floats
    lock_held: Floats
    faults: tuple[FaultRow, ...]
    reroutes: tuple[RerouteRow, ...]


def stall_picture(evidence: Evidence, analysis: Analysis, summary: Summary) -> StallPicture | None:
    """The picture of the relay that most streams were moved to; None if none were moved to a relay with samples."""
    relay = max(summary.relay, key=lambda name: summary.relay[name].moved, default=None)
    if relay is None or not summary.relay[relay].moved:
        return None
    rows, bands = _rows(evidence, analysis, relay)
    edges = _edges(analysis)
    samples = evidence.recording.relays[relay]
    within = samples[(samples["at_ns"] >= analysis.start_ns) & (samples["at_ns"] < analysis.end_ns)]
    return StallPicture(
        title=f"{summary.scenario}: {summary.verdict}",
        relay=relay,
        version=summary.relay[relay].title,
        end_s=analysis.seconds(analysis.end_ns),
        edges_s=(edges - analysis.start_ns) / S,
        latency_ms=_mean_latency(analysis, rows, edges),
        bands=bands,
        at_s=(within["at_ns"] - analysis.start_ns) / S,
        queue=within["fetching"] + within["queued"],
        waiting_kib=within["waiting_bytes"] / 1024,
        lock_held=_held_share(within),
        faults=tuple(summary.faults),
        reroutes=tuple(each for each in summary.reroutes if relay in each.relays),
    )


def _rows(evidence: Evidence, analysis: Analysis, relay: str) -> tuple[list[int], tuple[Band, ...]]:
    """Indices of the streams, in the order of the rows, and their bands; in a band, the first to recover on top."""
    moved = moved_streams(evidence, analysis, relay)
    packets, streams = analysis.matched.packets, analysis.matched.streams
    over = packets.arrived & passes(packets.path, evidence.plan.topology.cluster(relay).ordinal)
    shown = set(moved) | set(np.unique(packets.stream[over]).tolist())
    silence_ends = _longest_silence_ends(analysis)
    heard = {index: silence_ends.get(streams[index].ssrc, 0) for index in shown}
    groups: dict[tuple[bool, str, str], list[int]] = {}
    for index in sorted(shown, key=lambda index: (index not in moved, heard[index], index)):
        stream = streams[index]
        groups.setdefault((index in moved, stream.source, stream.destination), []).append(index)
    rows: list[int] = []
    bands = []
    for (was_moved, source, destination), members in groups.items():
        bands.append(Band(source, destination, was_moved, len(rows), len(members)))
        rows += members
    return rows, tuple(bands)


def _longest_silence_ends(analysis: Analysis) -> dict[int, int]:
    """End of each interrupted stream's longest interruption, ns, by SSRC."""
    longest: dict[int, Interruption] = {}
    for each in analysis.interruptions:
        before = longest.get(each.stream.ssrc)
        if before is None or each.length_ns > before.length_ns:
            longest[each.stream.ssrc] = each
    return {ssrc: each.ended_ns for ssrc, each in longest.items()}


def _edges(analysis: Analysis) -> Ints:
    length = max(analysis.end_ns - analysis.start_ns, 1)
    slowest = int(_PACKETS_PER_BIN * max(analysis.intervals.values(), default=0))
    width = max(_LEAST_BIN_NS, slowest, -(-length // MOST_BINS))
    return analysis.start_ns + width * np.arange(-(-length // width) + 1, dtype=np.int64)


def _mean_latency(analysis: Analysis, rows: Sequence[int], edges: Ints) -> NDArray[np.float64]:
    packets, bins = analysis.matched.packets, len(edges) - 1
    row_of = np.full(len(analysis.matched.streams), -1, dtype=np.int64)
    row_of[list(rows)] = np.arange(len(rows))
    row, column = row_of[packets.stream], np.searchsorted(edges, packets.received_ns, side="right") - 1
    wanted = packets.arrived & (row >= 0) & (column >= 0) & (column < bins)
    cell = row[wanted] * bins + column[wanted]
    latency = (packets.received_ns[wanted] - packets.sent_ns[wanted]) / MS
    count = np.bincount(cell, minlength=len(rows) * bins)
    total = np.bincount(cell, weights=latency, minlength=len(rows) * bins)
    mean: NDArray[np.float64] = np.where(count > 0, total / np.maximum(count, 1), np.nan).reshape(len(rows), bins)
    return mean


def _held_share(samples: Rows) -> Floats:
    held, passed = np.diff(samples["lock_held_ns"], prepend=0), np.diff(samples["at_ns"], prepend=0)
    share: Floats = np.clip(held / np.maximum(passed, 1), 0.0, 1.0)
    share[:1] = 0.0
    return share
