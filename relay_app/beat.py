"""A regular beat: what number is due when. Pure; times are ns."""

from __future__ import annotations

from collections.abc import Iterator


class Beat:
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
