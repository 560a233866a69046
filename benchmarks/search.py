"""The highest rate that a relay carries, from runs at rates of a ladder. Pure."""

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
"""Rates that are tried, thousands of packets per second."""

MOST_LOSS = 0.001
MOST_P99_MS = 2.0
MOST_SKIPPED = 0.01


@dataclass(frozen=True, slots=True)
class Run:
    """A run at one rate. `skipped`: packets that the load generator did not send on time, and left out.

    Latencies are those that the relay added, send call to the sink's receive timestamp, in ms; `cpu_us` is the relay's
    CPU time per packet carried.
    """

    kpps: int
    sent: int
    received: int
    skipped: int
    p50_ms: float
    p99_ms: float
    cpu_us: float

    @property
    def loss(self) -> float:
        """Share of the packets sent that did not arrive."""
        return 1 - self.received / self.sent if self.sent else 1.0

    @property
    def carried(self) -> bool:
        """Nothing to complain about."""
        return self.loss < MOST_LOSS and self.p99_ms < MOST_P99_MS

    @property
    def short(self) -> bool:
        """The generator did not keep up, so the run says nothing about this rate."""
        return self.skipped > MOST_SKIPPED * (self.sent + self.skipped)


@dataclass(frozen=True, slots=True)
class Highest:
    """The best run that a relay carried, if any. `bounded_by_load`: the next rate was too much for the generator."""

    run: Run | None
    bounded_by_load: bool = False


def highest(measure: Callable[[int], Run], ladder: Sequence[int] = LADDER_KPPS) -> Highest:
    """Bisect the ladder: the highest rate that was carried, taking it that a relay carries all lower ones."""
    best, bounded = None, False
    low, high = 0, len(ladder)
    while low < high:
        middle = (low + high) // 2
        run = measure(ladder[middle])
        if run.carried and not run.short:
            best, low = run, middle + 1
        else:
            high, bounded = middle, run.short and run.carried
    return Highest(best, bounded)
