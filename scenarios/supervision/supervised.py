"""A process over all its lives: started, subjected to faults, ended, and succeeded by a new life.

A life is from one start of a process to its end. The successor is started before the fault that ends the present life,
and stands by: its imports are done, it binds no address, and it serves some milliseconds after it is asked to. So the
length of an outage is that of the scenario, and not the time that a python process needs to start.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from time import monotonic_ns
from typing import Generic, NamedTuple

from hostio.timing import S, wait_until
from scenarios.supervision.process_kind import AfterEnd, EndedProcessCounters, L, Life, ProcessKind
from scenarios.supervision.processes import START_WITHIN_S, ProcessError

END_WITHIN_S = 2.0
"""Limit for a killed process to have ended, and for a frozen one to have stopped, seconds."""


class PreparedEdge(NamedTuple):
    """A prepared edge of a fault. `apply` changes the process, without waiting; `verify`, called after it, waits until
    the change shows, and returns whether it did."""

    apply: Callable[[], None]
    verify: Callable[[], bool]


class SupervisedProcess(Generic[L]):
    """A process of one kind; its first life is started at once. `ends`: how many faults will end a life of it.

    The methods `prepare_…` may take seconds; ProcessError if no life is running.
    """

    def __init__(self, kind: ProcessKind[L], ends: int = 0) -> None:
        self._kind = kind
        self._ends = ends
        self._life = 0
        self._successor: L | None = None
        self._successor_is_ready = False
        self._after_end: AfterEnd | None = None
        self._in_each_life: list[Callable[[L], None]] = []
        self.running: L | None = kind.start(0)
        """The life that serves; None between the end of a life and the start of the next."""
        self.name = self.running.name
        self.ended_counters = EndedProcessCounters()

    @property
    def lives(self) -> int:
        """Number of lives that have served, the present one included."""
        return self._life + 1

    @property
    def serving(self) -> L:
        """The life that serves; ProcessError if there is none."""
        if self.running is None:
            raise ProcessError(f"{self.name} has been ended, and nothing has taken its place yet")
        return self.running

    def do_in_each_life(self, act: Callable[[L], None]) -> None:
        """Call `act` with the life that serves, if there is one, and with each later life when it takes over."""
        self._in_each_life.append(act)
        if self.running is not None:
            act(self.running)

    def start_successor(self) -> None:
        """Start the next life, if a fault will end the present one; does not wait. Idempotent."""
        if self._successor is None and self._life < self._ends:
            self._successor, self._successor_is_ready = self._kind.start(self._life + 1), False

    def prepare_successor(self) -> None:
        """Start the next life, if there will be one, and wait until it stands by; ProcessError after 10 s."""
        self.start_successor()
        if self._successor is not None and not self._successor_is_ready:
            self._successor.await_standing_by(START_WITHIN_S)
            self._successor_is_ready = True

    def prepare_stop(self, deadline_ns: int) -> PreparedEdge:
        """Prepare an end in order. `verify` kills a life that has not ended by `deadline_ns` (CLOCK_MONOTONIC), as
        service managers do."""
        life = self._prepare_end()
        return PreparedEdge(life.ask_to_stop, lambda: self._stopped(life, deadline_ns))

    def prepare_kill(self) -> PreparedEdge:
        """Prepare an end by SIGKILL."""
        life = self._prepare_end()
        return PreparedEdge(lambda: _send_signal(life, signal.SIGKILL), lambda: self._collect_ended(life))

    def prepare_freeze(self, *, frozen: bool) -> PreparedEdge:
        """Prepare SIGSTOP or, if not `frozen`, SIGCONT."""
        life = self._intact()

        def has_changed() -> bool:
            states = life.states()
            return states == {"T"} if frozen else bool(states) and "T" not in states

        number = signal.SIGSTOP if frozen else signal.SIGCONT
        return PreparedEdge(lambda: _send_signal(life, number), lambda: wait_until(has_changed, END_WITHIN_S))

    def prepare_succession(self) -> PreparedEdge:
        """Prepare that the next life takes over; ProcessError if there is none."""
        self.prepare_successor()
        successor = self._successor
        if successor is None:
            raise ProcessError(f"nothing stands by to take the place of {self.name}")

        def take_over() -> None:
            successor.take_over()
            for act in self._in_each_life:
                act(successor)
            self.running, self._successor = successor, None
            self._life += 1

        return PreparedEdge(take_over, successor.intact)

    def stop(self, timeout_s: float) -> None:
        """End the running life, if there is one, with no successor; ProcessError if it failed or had to be killed."""
        if self.running is None:
            return
        life = self.running
        life.ask_to_stop()
        life.final_report(timeout_s)
        if not life.gone(0):
            life.signal(signal.SIGKILL)
            raise ProcessError(f"{self.name} does not end; its log is {life.log}")
        self._collect_ended(life)

    def release(self) -> None:
        """Undo the effects of a fault that was not played to its end."""
        if self.running is not None:
            self.running.signal(signal.SIGCONT)
        if self._after_end:
            self._after_end.release()
            self._after_end = None

    def _intact(self) -> L:
        life = self.serving
        if not life.intact():
            raise ProcessError(f"{self.name} has ended; its log is {life.log}")
        return life

    def _prepare_end(self) -> L:
        # The successor first, as it takes long: what `prepare_end` then holds of this life is as recent as possible.
        self.prepare_successor()
        life = self._intact()
        self._after_end = self._kind.prepare_end(life)
        return life

    def _stopped(self, life: L, deadline_ns: int) -> bool:
        report = life.final_report(_seconds_to(deadline_ns))
        if report:
            self.ended_counters.add(report, self._life)
        if not life.gone(_seconds_to(deadline_ns)):
            life.signal(signal.SIGKILL)
            self.ended_counters.counters["killed"] += 1
        return self._collect_ended(life)

    def _collect_ended(self, life: L) -> bool:
        """Wait until the life has ended and collect what it left; whether it has ended."""
        gone = life.gone(END_WITHIN_S)
        if self._after_end:
            self._after_end.collect(self.ended_counters)
            self._after_end = None
        life.close()
        self.running = None
        return gone


def _send_signal(life: Life, number: signal.Signals) -> None:
    """Send a signal; ProcessError if the process had ended before: that end was no effect of the fault."""
    if not life.intact():
        raise ProcessError(f"{life.name} had ended before the fault that was to strike it; its log is {life.log}")
    life.signal(number)


def _seconds_to(deadline_ns: int) -> float:
    return max(0, deadline_ns - monotonic_ns()) / S
