"""The steps of constant delay, loss and rate as which a trace is played. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hostio.timing import MS, S
from scenarios.language.trace import DeliveryTrace, Interpolation, TableTrace, Trace, TracePoint

PACKET_BYTES = 1500
"""What an opportunity of a packet-delivery trace delivers."""

Numbers: TypeAlias = NDArray[Any]


def steps(trace: Trace, lasts_ns: int, step_ns: int, interpolation: Interpolation) -> tuple[TracePoint, ...]:
    """What is played of a trace for a time. `interpolation` matters to tables alone: rates are not interpolated."""
    if isinstance(trace, DeliveryTrace):
        return _joined(_rates(trace, lasts_ns, step_ns))
    if interpolation == "step":
        return _joined(point for point in trace.points if point.after_ns < lasts_ns)
    return _joined(_on_lines(trace, lasts_ns, step_ns))


def _on_lines(table: TableTrace, lasts_ns: int, step_ns: int) -> Iterator[TracePoint]:
    """Steps of this length, each with what lies at its middle on the lines between the points."""
    starts = np.arange(0, lasts_ns, step_ns)
    middles = starts + step_ns / 2
    columns = (_at(table, middles, "delay_ns", round), _at(table, middles, "loss", float))
    rows = zip(starts.tolist(), *columns, _at(table, middles, "rate_bps", round), strict=True)
    return (TracePoint(*row) for row in rows)


def _at(table: TableTrace, times: Numbers, figure: str, exact: Callable[[float], float]) -> list[Any]:
    """A figure at these times, on the lines between the points; None where there is none."""
    if getattr(table.points[0], figure) is None:
        return [None] * len(times)
    known = [getattr(point, figure) for point in table.points]
    found = np.interp(times, [point.after_ns for point in table.points], known)
    return [exact(value) for value in found.tolist()]


def _rates(trace: DeliveryTrace, lasts_ns: int, step_ns: int) -> Iterator[TracePoint]:
    """In each step the rate that its opportunities have in the mean. A step without any and the next that has some are
    one, so that no rate is 0 and no opportunity is lost."""
    count = -(-lasts_ns // step_ns)
    found = _in_steps(trace, count, step_ns)
    ends = np.flatnonzero(found) + 1
    starts = np.concatenate([[0], ends[:-1]])
    rates = np.maximum(found[ends - 1] * PACKET_BYTES * 8 * S // ((ends - starts) * step_ns), 1)
    rows = zip((starts * step_ns).tolist(), rates.tolist(), strict=True)
    return (TracePoint(at_ns, rate_bps=rate) for at_ns, rate in rows if at_ns < lasts_ns)


def _in_steps(trace: DeliveryTrace, count: int, step_ns: int) -> Numbers:
    """How many opportunities there are in each of so many steps, and in those after them for a period or more."""
    times, period_ns = np.array(trace.at_ms, np.int64) * MS, trace.at_ms[-1] * MS
    repeats = np.arange(count * step_ns // period_ns + 3)
    places = (repeats[:, None] * period_ns + times[None, :]).ravel() // step_ns
    return np.bincount(places)


def _joined(points: Iterator[TracePoint]) -> tuple[TracePoint, ...]:
    """The points without those that say what the one before said."""
    return tuple(next(group) for _, group in groupby(points, key=lambda point: replace(point, after_ns=0)))
