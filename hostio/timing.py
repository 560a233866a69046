"""Time: units, multiples of a period, numbers that are due regularly, and waiting for a predicate.

The project counts time in integer nanoseconds of CLOCK_MONOTONIC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import monotonic, sleep

US = 1_000
MS = 1_000_000
S = 1_000_000_000


START_ALIGNMENT_NS = 200 * MS
"""Media and the controller's ticks begin on multiples of it, and probes half their interval after one: so their phases
to one another are those of the plan, and not of how long the set-up took."""


def next_multiple(earliest_ns: int, period_ns: int = START_ALIGNMENT_NS) -> int:
    """The first multiple of a period that is not before an instant, ns."""
    return -(-earliest_ns // period_ns) * period_ns


class Ticker:
    """Number n is due at start + n × interval, from `begin` on."""

    def __init__(self, interval_ns: int) -> None:
        self._interval_ns = interval_ns
        self._start_ns: int | None = None
        self.next = 0
        """The number that is due next."""

    def begin(self, start_ns: int) -> None:
        """Start then."""
        self._start_ns = start_ns

    def end(self) -> None:
        """Nothing is due any more."""
        self._start_ns = None

    @property
    def due_ns(self) -> int | None:
        """When the next number is due; None before `begin`."""
        return None if self._start_ns is None else self._start_ns + self.next * self._interval_ns

    def due(self, now_ns: int) -> Iterator[int]:
        """Every number that is due by now and was not given before."""
        while self.due_ns is not None and self.due_ns <= now_ns:
            self.next += 1
            yield self.next - 1


def wait_until(predicate: Callable[[], bool], timeout_s: float, poll_s: float = 0.001) -> bool:
    """Poll a predicate until it holds, at most for a time; whether it did. `poll_s` is the pause between two calls."""
    deadline = monotonic() + timeout_s
    while not predicate():
        if monotonic() > deadline:
            return False
        sleep(poll_s)
    return True
