"""How media converged after each fault: the instants of RFC 6412 §3, and lengths by timestamps and by loss. Pure.

A route is a stream, the event the first edge of a fault as it was applied. Of a route counts the first silence that
began after the event, and no later than the next event; silences that follow one another before the route was heard for
max(5 packets, 5 s) are one, because a recovery counts once it is sustained (sustained convergence validation time).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hostio.timing import S
from results.metrics.analysis import Analysis, Evidence
from results.metrics.interruptions import Interruption
from results.metrics.network_figures import ConvergenceRow
from results.metrics.relay_figures import lengths_ms
from results.metrics.streams import Floats

SUSTAINED_NS, SUSTAINED_PACKETS = 5 * S, 5
"""For how long, and for how many packets, a route must be heard again to count as recovered."""


@dataclass(frozen=True, slots=True)
class Route:
    """A stream silenced by an event, ns. `recovered_ns`: None if it never was; `sustained`: whether it was heard long
    enough then to say so. Of its silences, `by_timestamps_ns`: their sum; `by_loss_ns`: packets lost over its rate."""

    started_ns: int
    ended_ns: int
    recovered_ns: int | None
    sustained: bool
    by_timestamps_ns: int
    by_loss_ns: float
    interval_ns: int


def convergence_rows(evidence: Evidence, analysis: Analysis) -> list[ConvergenceRow]:
    """One row per fault that was applied, in the order of the plan; none if the media never started."""
    edges = sorted(
        (edge.applied_first_ns, fault) for (fault, kind), edge in evidence.fault_edges.items() if kind == "start"
    )
    silences = _by_stream(analysis) if analysis.start_ns else {}
    ends = [*(at_ns for at_ns, _ in edges[1:]), analysis.end_ns]
    rows = [
        _row(analysis, fault, at_ns, list(_routes(analysis, silences, at_ns, max(until_ns, at_ns + 1))))
        for (at_ns, fault), until_ns in zip(edges, ends, strict=bool(edges))
        if analysis.start_ns
    ]
    return sorted(rows, key=lambda row: row.fault)


def _by_stream(analysis: Analysis) -> Mapping[int, Sequence[Interruption]]:
    number = {stream.ssrc: at for at, stream in enumerate(analysis.matched.streams)}
    found: dict[int, list[Interruption]] = {}
    for each in analysis.interruptions:
        found.setdefault(number[each.stream.ssrc], []).append(each)
    return found


def _routes(
    analysis: Analysis, silences: Mapping[int, Sequence[Interruption]], from_ns: int, until_ns: int
) -> Iterator[Route]:
    """The routes that an event at `from_ns` silenced; the next one was at `until_ns`."""
    for stream, own in silences.items():
        interval_ns = analysis.intervals[analysis.matched.streams[stream].media]
        # The last packet before the event arrived up to an interval earlier.
        first = next((n for n, each in enumerate(own) if each.started_ns >= from_ns - interval_ns), None)
        if first is not None and own[first].started_ns < until_ns - interval_ns:
            ends_ns = min(analysis.end_ns, int(analysis.speech.ends_ns[stream]))
            yield route_of(own[first:], interval_ns, float(analysis.quality.loss.packet_ns[stream]), ends_ns)


def route_of(silences: Sequence[Interruption], interval_ns: int, packet_ns: float, ends_ns: int) -> Route:
    """The route of a stream by its silences from an event on, in order. `ends_ns`: when its media ended."""
    sustained_ns = max(SUSTAINED_NS, SUSTAINED_PACKETS * interval_ns)
    apart = (
        n for n, (one, other) in enumerate(pairwise(silences), 1) if other.started_ns - one.ended_ns >= sustained_ns
    )
    own = silences[: next(apart, len(silences))]
    last = own[-1]
    lost = sum(each.packets_lost for each in own)
    heard_until_ns = silences[len(own)].started_ns if len(own) < len(silences) else ends_ns
    return Route(
        started_ns=own[0].started_ns,
        ended_ns=last.ended_ns,
        recovered_ns=None if last.still else last.ended_ns,
        sustained=not last.still and heard_until_ns - last.ended_ns >= sustained_ns,
        by_timestamps_ns=sum(each.length_ns for each in own),
        by_loss_ns=lost * packet_ns,
        interval_ns=interval_ns,
    )


def _row(analysis: Analysis, fault: int, at_ns: int, routes: Sequence[Route]) -> ConvergenceRow:
    recovered = [each.recovered_ns for each in routes if each.recovered_ns is not None]
    first_ns = min(recovered, default=None)
    full_ns = max(recovered, default=None) if len(recovered) == len(routes) else None
    return ConvergenceRow(
        fault=fault,
        event_at=analysis.seconds(at_ns),
        routes=len(routes),
        recovered=len(recovered),
        unsustained=sum(1 for each in routes if each.recovered_ns is not None and not each.sustained),
        first_route_at=None if first_ns is None else analysis.seconds(first_ns),
        full_at=None if full_ns is None else analysis.seconds(full_ns),
        first_route_ms=_since_ms(at_ns, first_ns),
        full_ms=_since_ms(at_ns, full_ns),
        by_timestamps_ms=lengths_ms(_array(each.by_timestamps_ns for each in routes)),
        by_loss_ms=lengths_ms(_array(each.by_loss_ns for each in routes)),
        resolution_ms=round(max(each.interval_ns for each in routes) / 1e6, 3) if routes else None,
    )


def _array(values: Iterable[float]) -> Floats:
    return np.array(list(values), np.float64)


def _since_ms(at_ns: int, until_ns: int | None) -> float | None:
    return None if until_ns is None else round(max(0, until_ns - at_ns) / 1e6, 3)
