"""When a client refreshes the permissions of its streams, and again if there is no answer: times in, orders out. Pure.

A stream's refreshes are due at a fixed interval. One that is not answered is sent again, at the interval for that,
until it is answered; while it waits no other begins. The refreshes of the streams are spread over the interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from relay_app.clients.due_queue import DueQueue
from relay_app.refreshes import Permission


@dataclass(frozen=True, slots=True)
class RefreshedStream:
    """A stream and its permission; it is refreshed while the call lasts, ns since the media start."""

    ssrc: int
    permission: Permission
    from_ns: int
    until_ns: int

    def first_ns(self, place: float) -> int:
        """When the first refresh is due: before the call if the media flow then, so that the stream may begin at once.
        `place`: 0 ≤ place < 1, its own within the interval."""
        interval_ns = self.permission.refresh_ns
        first_ns = self.from_ns - interval_ns + round(interval_ns * place)
        return first_ns if first_ns >= 0 else first_ns % interval_ns


_GOLDEN = (5**0.5 - 1) / 2
"""Steps of this size spread over an interval, and over any part of it: requests that are sent again are spread too."""


class Order(NamedTuple):
    """Send a request of transaction `number` for the stream `ssrc`."""

    ssrc: int
    number: int


class Outcome(NamedTuple):
    """A transaction: its stream, how many requests were sent, when the first was, and when the answer came; 0: never.
    CLOCK_MONOTONIC ns."""

    ssrc: int
    requests: int
    sent_ns: int
    answered_ns: int


@dataclass(slots=True)
class _State:
    stream: RefreshedStream
    planned_ns: int
    """Of the refresh that comes next, or waits for its answer."""
    number: int = 0
    requests: int = 0
    """Of the transaction that waits for its answer; 0: none does."""
    sent_ns: int = 0


class RefreshSchedule:
    """The refreshes of some streams from `start_ns` on, CLOCK_MONOTONIC; `outcomes` has each that was answered."""

    def __init__(self, streams: Sequence[RefreshedStream], start_ns: int) -> None:
        self._start_ns = start_ns
        self._states = {
            stream.ssrc: _State(stream, start_ns + stream.first_ns((0.5 + place * _GOLDEN) % 1))
            for place, stream in enumerate(streams)
        }
        self._queue = DueQueue()
        for ssrc, state in self._states.items():
            self._queue.put(ssrc, state.planned_ns)
        self.outcomes: list[Outcome] = []

    @property
    def next_ns(self) -> int | None:
        """When something is due next; None: never."""
        return self._queue.next_ns

    def due(self, now_ns: int) -> Iterator[Order]:
        """What is to be sent now."""
        for due_ns, ssrc in self._queue.taken(now_ns):
            state = self._states[ssrc]
            if due_ns < self._start_ns + state.stream.until_ns:
                yield self._sent(state, now_ns)

    def _sent(self, state: _State, now_ns: int) -> Order:
        if not state.requests:
            state.number, state.sent_ns = state.number + 1, now_ns
        state.requests += 1
        self._queue.put(state.stream.ssrc, now_ns + state.stream.permission.retransmit_ns)
        return Order(state.stream.ssrc, state.number)

    def answered(self, ssrc: int, number: int, now_ns: int) -> None:
        """An answer came; one to a transaction that does not wait changes nothing."""
        state = self._states.get(ssrc)
        if state is None or not state.requests or state.number != number:
            return
        self.outcomes.append(Outcome(ssrc, state.requests, state.sent_ns, now_ns))
        state.requests = 0
        interval_ns = state.stream.permission.refresh_ns
        state.planned_ns += interval_ns * max(1, -(-(now_ns - state.planned_ns) // interval_ns))
        self._queue.put(ssrc, state.planned_ns)

    def unanswered(self) -> Iterator[Outcome]:
        """The transactions that wait for their answer."""
        for state in self._states.values():
            if state.requests:
                yield Outcome(state.stream.ssrc, state.requests, state.sent_ns, 0)
