"""What a trace makes of a link direction over time, played as steps of constant delay, loss and rate. Pure.

Two forms. A table has points: from each on, these are the delay, the loss and the rate. mahimahi's packet-delivery
trace has opportunities: at each of these times the link can deliver 1500 bytes; after the last it begins again
(Netravali et al., USENIX ATC 2015; mahimahi's link_queue).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hostio.timing import MS, S

PACKET_BYTES = 1500
"""What an opportunity of a packet-delivery trace delivers."""

Numbers: TypeAlias = NDArray[Any]

Interpolation: TypeAlias = Literal["step", "linear"]


@dataclass(frozen=True, slots=True)
class TracePoint:
    """From `after_ns`, counted from the start of the trace, on: one-way delay, probability of loss, rate in bit/s.

    None: the trace does not say.
    """

    after_ns: int
    delay_ns: int | None = None
    loss: float | None = None
    rate_bps: int | None = None


@dataclass(frozen=True, slots=True)
class TableTrace:
    """Points in order of time, the first of which is at 0; after the last, its figures last."""

    points: tuple[TracePoint, ...]

    def steps(self, lasts_ns: int, step_ns: int, interpolation: Interpolation) -> tuple[TracePoint, ...]:
        """What is played for a time: the points themselves or, if linear, steps of this length, each with what lies at
        its middle on the lines between the points."""
        if interpolation == "step":
            return _joined(point for point in self.points if point.after_ns < lasts_ns)
        starts = np.arange(0, lasts_ns, step_ns)
        middles = starts + step_ns / 2
        columns = (self._at(middles, "delay_ns", round), self._at(middles, "loss", float))
        rows = zip(starts.tolist(), *columns, self._at(middles, "rate_bps", round), strict=True)
        return _joined(TracePoint(*row) for row in rows)

    def _at(self, times: Numbers, figure: str, exact: Callable[[float], float]) -> list[Any]:
        """A figure at these times, on the lines between the points; None where there is none."""
        if getattr(self.points[0], figure) is None:
            return [None] * len(times)
        known = [getattr(point, figure) for point in self.points]
        found = np.interp(times, [point.after_ns for point in self.points], known)
        return [exact(value) for value in found.tolist()]


@dataclass(frozen=True, slots=True)
class DeliveryTrace:
    """Times of opportunities, ms, in order; the last is the length of the trace, after which it repeats."""

    at_ms: tuple[int, ...]

    def steps(self, lasts_ns: int, step_ns: int, interpolation: Interpolation) -> tuple[TracePoint, ...]:
        """What is played for a time: in each step the rate that its opportunities have in the mean. A step without any
        and the next that has some are one, so that no rate is 0 and no opportunity is lost.

        `interpolation` does not matter: rates of steps are not interpolated.
        """
        del interpolation
        count = -(-lasts_ns // step_ns)
        found = self._in_steps(count, step_ns)
        ends = np.flatnonzero(found) + 1
        starts = np.concatenate([[0], ends[:-1]])
        rates = np.maximum(found[ends - 1] * PACKET_BYTES * 8 * S // ((ends - starts) * step_ns), 1)
        rows = zip((starts * step_ns).tolist(), rates.tolist(), strict=True)
        return _joined(TracePoint(at_ns, rate_bps=rate) for at_ns, rate in rows if at_ns < lasts_ns)

    def _in_steps(self, count: int, step_ns: int) -> Numbers:
        """How many opportunities there are in each of so many steps, and in those after them for a period or more."""
        times, period_ns = np.array(self.at_ms, np.int64) * MS, self.at_ms[-1] * MS
        repeats = np.arange(count * step_ns // period_ns + 3)
        steps = (repeats[:, None] * period_ns + times[None, :]).ravel() // step_ns
        return np.bincount(steps)


Trace: TypeAlias = TableTrace | DeliveryTrace


def _joined(points: Iterator[TracePoint]) -> tuple[TracePoint, ...]:
    """The points without those that say what the one before said."""
    return tuple(next(group) for _, group in groupby(points, key=lambda point: replace(point, after_ns=0)))


def shortest_step_ns(points: Sequence[TracePoint]) -> int | None:
    """The least time between two points; None if there are fewer."""
    return min((later.after_ns - one.after_ns for one, later in pairwise(points)), default=None)
