"""What is said of the lateness of a process, apart from the compiled loops that measure it."""

from __future__ import annotations

from dataclasses import dataclass

from hostio.timing import MS

HOLD_UP_NS = 1 * MS
"""From so much lateness on, a wake-up is noted as a hold-up."""

Spans = tuple[tuple[int, int], ...]
"""Times from and until, CLOCK_MONOTONIC ns."""


@dataclass(frozen=True, slots=True)
class Lateness:
    """Of `wakeups` timed wake-ups, or releases: quantiles, known to 1 %; 0 if there were none.

    `histogram` has all of them, ns, as HdrHistogram tools read it (V2, compressed, base64).
    """

    wakeups: int
    p50_ms: float
    p99_ms: float
    p99_9_ms: float
    max_ms: float
    histogram: str
