"""Figures by group: hit sessions, and response times of the TCP connections beside the media. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from hostio.timing import S
from relay_app.records import EXCHANGE, ExchangeOutcome
from relay_app.streams import ConnectionGroup, connections_of, streams_of
from results.metrics.absences import gave_up, longest_given_up_ms
from results.metrics.analysis import Analysis, Evidence
from results.metrics.beside_sessions import ConnectionFigures
from results.metrics.figures import GroupRow
from results.metrics.frame_figures import frame_figures
from results.metrics.matching import Ints
from results.metrics.order import order_figures
from results.metrics.quality_figures import (
    burst_figures,
    concealment_figures,
    dropped_calls,
    speech_quality,
    timer_figures,
)
from results.metrics.relay_figures import lengths_ms
from results.metrics.streams import counts
from results.run_files.records import Rows

HIT_NS = 1 * S
"""Shortest interruption, in either direction, by which a session counts as hit; of no standard."""


def group_rows(evidence: Evidence, analysis: Analysis) -> Iterator[GroupRow]:
    """One row per group of sessions, in the order of the scenario."""
    sessions: dict[str, set[str]] = defaultdict(set)
    for stream in streams_of(evidence.plan.sessions, evidence.plan.seed):
        sessions[stream.group].add(stream.session)
    for group in evidence.plan.sessions:
        own = [each for each in analysis.interruptions if each.stream.group == group.name]
        hit = {each.stream.session for each in own if each.length_ns >= HIT_NS}
        mine = np.array([stream.group == group.name for stream in analysis.matched.streams], dtype=bool)
        quality = analysis.quality.of_streams(mine)
        rows = mine[analysis.matched.packets.stream]
        ssrcs = {stream.ssrc for stream, own_one in zip(analysis.matched.streams, mine, strict=True) if own_one}
        absences = {ssrc: found for ssrc, found in analysis.absences.items() if ssrc in ssrcs}
        yield GroupRow(
            name=group.name,
            between=[group.a, group.b],
            path="relayed" if group.relayed else "direct",
            sessions=len(sessions[group.name]),
            hit=len(hit),
            longest_ms=round(max((each.length_ns for each in own), default=0) / 1e6, 3),
            dropped_calls=dropped_calls(own),
            timers=timer_figures(own),
            duplicates=counts(analysis.matched.packets, analysis.fate, rows).duplicates,
            order=order_figures(analysis.order.of(rows)),
            frames=frame_figures(analysis.frames.of_streams(mine)),
            bursts=burst_figures(quality.bursts),
            concealment=concealment_figures(quality.concealment),
            quality=speech_quality(quality),
            gave_up=gave_up(absences),
            longest_given_up_ms=longest_given_up_ms(absences),
        )


def connection_figures(evidence: Evidence) -> dict[str, ConnectionFigures]:
    """Figures of each group of TCP connections, by name."""
    return {group.name: _figures(group, rows) for group, rows in exchanges(evidence)}


def exchanges(evidence: Evidence) -> Iterator[tuple[ConnectionGroup, Rows]]:
    """Each group of TCP connections with its EXCHANGE rows."""
    recorded = list(evidence.recording.exchanges.values())
    rows = np.concatenate(recorded) if recorded else np.empty(0, EXCHANGE)
    numbers: dict[str, list[int]] = {}
    for connection in connections_of(evidence.plan.connections):
        numbers.setdefault(connection.group.name, []).append(connection.number)
    for group in evidence.plan.connections:
        yield group, rows[np.isin(rows["connection"], numbers[group.name])]


def _figures(group: ConnectionGroup, rows: Rows) -> ConnectionFigures:
    answered = rows[rows["outcome"] == ExchangeOutcome.ANSWERED]
    return ConnectionFigures(
        between=[group.a, group.b],
        connections=group.count,
        requests=len(rows),
        answered=len(answered),
        lost=int(np.count_nonzero(rows["outcome"] == ExchangeOutcome.LOST)),
        response_ms=lengths_ms(answered["answered_ns"] - answered["sent_ns"]),
        longest_wait_ms=_longest_wait_ms(rows),
    )


def _longest_wait_ms(rows: Rows) -> float | None:
    """Longest time from request to answer, ms."""
    return round(int((wait_ends(rows) - rows["sent_ns"]).max()) / 1e6, 3) if len(rows) else None


def wait_ends(rows: Rows) -> Ints:
    """When each request of a group was answered, ns; of one without an answer a lower bound: when the last was sent."""
    until_ns: Ints = np.where(rows["answered_ns"] > 0, rows["answered_ns"], rows["sent_ns"].max(initial=0))
    return until_ns
