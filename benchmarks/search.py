"""Search for the highest rate that a relay or link carries (throughput of RFC 1242, here with a loss limit). Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

LADDER_KPPS = (
    10,
    20,
    30,
    40,
    50,
    75,
    100,
    125,
    150,
    175,
    200,
    225,
    250,
    275,
    300,
    325,
    350,
    400,
    450,
    500,
    550,
    600,
    700,
    800,
)
"""The rates tried, in 1000 packets per second."""

MOST_LOSS = 0.001
MOST_P99_MS = 2.0
MOST_SKIPPED = 0.01
"""Limits of a run: loss ratio, added delay, and share of packets that the load generator skipped."""

MOST_OTHERS = 0.05
"""Share of the cores of load and relay that others may take in a run; with more it says nothing against a relay."""

TRIES = 3
"""How often a rate is tried at most, until it is carried or nothing disturbed the run."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run at one rate. `skipped`: packets that the load generator could not send on time, and omitted.

    `p50_ms`, `p99_ms`: delay from the send call to the sink's receive timestamp; `cpu_us`: the relay's CPU time per
    packet received, in µs; `others`: share of the cores of load and relay that others took, 0 to 1.
    """

    kpps: int
    sent: int
    received: int
    skipped: int
    p50_ms: float
    p99_ms: float
    cpu_us: float
    others: float = 0.0

    @property
    def loss(self) -> float:
        """Loss ratio: share of the packets sent that did not arrive, 0 to 1."""
        return 1 - self.received / self.sent if self.sent else 1.0

    @property
    def carried(self) -> bool:
        """Whether loss and 99th percentile of delay are below their limits."""
        return self.loss < MOST_LOSS and self.p99_ms < MOST_P99_MS

    @property
    def short(self) -> bool:
        """Whether the generator skipped too many packets for the run to be of its nominal rate."""
        return self.skipped > MOST_SKIPPED * (self.sent + self.skipped)

    @property
    def served(self) -> bool:
        """Whether it was of its nominal rate, and carried."""
        return self.carried and not self.short

    @property
    def disturbed(self) -> bool:
        """Whether others took the processor: what was not carried may be for want of it."""
        return self.others > MOST_OTHERS


@dataclass(frozen=True, slots=True)
class Highest:
    """The run at the highest rate carried, if any.

    `bounded_by_load`: at the next rate the generator fell short; `disturbed`: or others took the processor;
    `refused`: the run at that rate.
    """

    run: Run | None
    bounded_by_load: bool = False
    disturbed: bool = False
    refused: Run | None = None


def highest(measure: Callable[[int], Run], ladder: Sequence[int] = LADDER_KPPS) -> Highest:
    """The highest rate of a sorted ladder that `measure` finds carried.

    By bisection, in log2(n) runs of seconds each: it assumes that all rates below one that is carried are carried too.
    Others make a relay lose packets, and never carry more: only a run that was not carried is doubted for them.
    """
    best, refused = None, None
    low, high = 0, len(ladder)
    while low < high:
        middle = (low + high) // 2
        run = _undisturbed(measure, ladder[middle])
        if run.served:
            best, low = run, middle + 1
        else:
            high, refused = middle, run
    if refused is None:
        return Highest(best)
    return Highest(best, refused.short and refused.carried, refused.disturbed, refused)


def _undisturbed(measure: Callable[[int], Run], kpps: int) -> Run:
    """The first run that was carried or that nothing disturbed, or else the last."""
    for _ in range(TRIES - 1):
        run = measure(kpps)
        if run.served or not run.disturbed:
            return run
    return measure(kpps)
