"""When a client checks the consent of its streams, gives one up, and comes back: times in, orders out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from relay_app.clients.due_queue import DueQueue
from relay_app.consent import LONGEST, SHORTEST, Consent


@dataclass(frozen=True, slots=True)
class ConsentedStream:
    """A stream that needs consent, and the stream `back` of its session, on whose way the answers come. It is checked
    while the call lasts, ns since the media start."""

    ssrc: int
    back: int
    consent: Consent
    from_ns: int
    until_ns: int


class Check(NamedTuple):
    """Send check `number` of the stream `ssrc`, once."""

    ssrc: int
    number: int


class GiveUp(NamedTuple):
    """Send the stream no more."""

    ssrc: int


class Absence(NamedTuple):
    """A stream's consent expired, and came back; 0: it did not. CLOCK_MONOTONIC ns."""

    ssrc: int
    expired_ns: int
    returned_ns: int


@dataclass(slots=True)
class _State:
    stream: ConsentedStream
    random: Random
    answered_ns: int
    """When the last answer came; before the first, when the call began."""
    check_ns: int
    number: int = 0
    """Of the last check."""
    counts_from: int = 1
    """The first check of which an answer counts: after consent has expired, one sent since."""
    expired_ns: int = 0
    """0: there is consent."""

    @property
    def expires_ns(self) -> int:
        return self.answered_ns + self.stream.consent.expires_ns

    @property
    def due_ns(self) -> int:
        return self.check_ns if self.expired_ns else min(self.check_ns, self.expires_ns)

    def interval_ns(self) -> int:
        """From one check to the next."""
        consent = self.stream.consent
        return consent.again_ns if self.expired_ns else round(consent.check_ns * self.random.uniform(SHORTEST, LONGEST))


@dataclass(slots=True)
class ConsentSchedule:
    """The consents of some streams from `start_ns` on, CLOCK_MONOTONIC. A call begins with consent, as one that ICE has
    connected; its first check is due within an interval from then. All draws are made from the seed and the SSRC.
    `absences` has each that ended."""

    streams: Sequence[ConsentedStream]
    start_ns: int
    seed: int
    absences: list[Absence] = field(default_factory=list)
    _states: dict[int, _State] = field(init=False)
    _by_way_back: dict[int, _State] = field(init=False)
    _queue: DueQueue = field(init=False, default_factory=DueQueue)

    def __post_init__(self) -> None:
        self._states = {stream.ssrc: self._begun(stream) for stream in self.streams}
        self._by_way_back = {state.stream.back: state for state in self._states.values()}
        for ssrc, state in self._states.items():
            self._queue.put(ssrc, state.due_ns)

    def _begun(self, stream: ConsentedStream) -> _State:
        random, from_ns = Random(f"consent {self.seed} {stream.ssrc}"), self.start_ns + stream.from_ns
        return _State(stream, random, from_ns, from_ns + round(stream.consent.check_ns * random.random()))

    @property
    def next_ns(self) -> int | None:
        """When something is due next; None: never."""
        return self._queue.next_ns

    def due(self, now_ns: int) -> Iterator[Check | GiveUp]:
        """What is to be done now."""
        for _, ssrc in self._queue.taken(now_ns):
            state = self._states[ssrc]
            if now_ns < self._ends_ns(state):
                yield from self._orders(state, now_ns)
                self._queue.put(ssrc, state.due_ns)

    def _orders(self, state: _State, now_ns: int) -> Iterator[Check | GiveUp]:
        if not state.expired_ns and now_ns >= state.expires_ns:
            state.expired_ns, state.check_ns, state.counts_from = now_ns, now_ns, state.number + 1
            yield GiveUp(state.stream.ssrc)
        if now_ns >= state.check_ns:
            state.number += 1
            state.check_ns = now_ns + state.interval_ns()
            yield Check(state.stream.ssrc, state.number)

    def answered(self, back: int, number: int, at_ns: int) -> int | None:
        """An answer came by the way of the stream `back`. The SSRC of the stream that is to be sent again; None: none
        is."""
        state = self._by_way_back.get(back)
        if state is None or not state.counts_from <= number <= state.number or at_ns >= self._ends_ns(state):
            return None
        ssrc, expired_ns = state.stream.ssrc, state.expired_ns
        state.answered_ns, state.expired_ns = max(state.answered_ns, at_ns), 0
        if expired_ns:
            self.absences.append(Absence(ssrc, expired_ns, at_ns))
            state.check_ns = at_ns + state.interval_ns()
        self._queue.put(ssrc, state.due_ns)
        return ssrc if expired_ns else None

    def _ends_ns(self, state: _State) -> int:
        return self.start_ns + state.stream.until_ns

    def unreturned(self) -> Iterator[Absence]:
        """The absences that last."""
        for state in self._states.values():
            if state.expired_ns:
                yield Absence(state.stream.ssrc, state.expired_ns, 0)
