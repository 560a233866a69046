"""Units of time, multiples of a period, a ticker, and polling until a deadline.

Times are integer nanoseconds of CLOCK_MONOTONIC throughout the project.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import monotonic, sleep

US = 1_000
MS = 1_000_000
S = 1_000_000_000

START_ALIGNMENT_NS = 200 * MS
"""Media and the controller's ticks start at multiples of it, probes half their interval later. Their phases to one
another are thus fixed by the plan; otherwise they would depend on how long the set-up took, and so would the results.
"""

_POLL_S = 0.001


def next_multiple(earliest_ns: int, period_ns: int = START_ALIGNMENT_NS) -> int:
    """The first multiple of a period that is not before `earliest_ns`."""
    return -(-earliest_ns // period_ns) * period_ns


class Ticker:
    """A fixed-rate schedule: number n is due at start + n × interval, whenever the numbers before it were taken."""

    def __init__(self, interval_ns: int) -> None:
        self._interval_ns = interval_ns
        self._start_ns: int | None = None
        self.next = 0
        """The number that is due next."""

    def begin(self, start_ns: int) -> None:
        """Set the time at which number 0 is due."""
        self._start_ns = start_ns

    def end(self) -> None:
        """From now on no number is due."""
        self._start_ns = None

    @property
    def due_ns(self) -> int | None:
        """When the next number is due; None before `begin` and after `end`."""
        return None if self._start_ns is None else self._start_ns + self.next * self._interval_ns

    def due(self, now_ns: int) -> Iterator[int]:
        """Take every number that is due by now, each once."""
        while self.due_ns is not None and self.due_ns <= now_ns:
            self.next += 1
            yield self.next - 1


def wait_until(predicate: Callable[[], bool], timeout_s: float, poll_s: float = _POLL_S) -> bool:
    """Poll a predicate every `poll_s` until it holds, at most `timeout_s`; whether it held in time."""
    deadline = monotonic() + timeout_s
    while not predicate():
        if monotonic() > deadline:
            return False
        sleep(poll_s)
    return True
