"""What a trace makes of a link direction over time.

Two forms. A table has points: from each on, these are the delay, the loss and the rate. mahimahi's packet-delivery
trace has opportunities: at each of these times the link can deliver 1500 bytes; after the last it begins again
(Netravali et al., USENIX ATC 2015; mahimahi's link_queue).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

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


@dataclass(frozen=True, slots=True)
class DeliveryTrace:
    """Times of opportunities, ms, in order; the last is the length of the trace, after which it repeats."""

    at_ms: tuple[int, ...]


Trace: TypeAlias = TableTrace | DeliveryTrace


def shortest_step_ns(points: Sequence[TracePoint]) -> int | None:
    """The least time between two points; None if there are fewer."""
    return min((later.after_ns - one.after_ns for one, later in pairwise(points)), default=None)
