"""A process of the run over all its lives: started, struck by faults, ended, and succeeded by one that stood by.

A life is from one start of a process to its end. A successor is made before its time: it is ready then, holds nothing
open, and serves when it is told to, within a few milliseconds. Whatever takes time is done before the edge of a fault.
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
"""For a process to be gone once it was killed, or to stand still once it was frozen."""


class PreparedEdge(NamedTuple):
    """An edge of a fault, ready to be applied. `apply` does it at once; `verify` waits for what proves it, and tells
    whether that came."""

    apply: Callable[[], None]
    verify: Callable[[], bool]


class SupervisedProcess(Generic[L]):
    """A process of one kind, which is started at once. `ends`: how many faults are to end a life of it.

    `prepare_…` make an edge of a fault ready, and take their time; ProcessError if there is no process to strike.
    """

    def __init__(self, kind: ProcessKind[L], ends: int = 0) -> None:
        self._kind = kind
        self._ends = ends
        self._life = 0
        self._spare: L | None = None
        self._spare_is_ready = False
        self._after_end: AfterEnd | None = None
        self._in_each_life: list[Callable[[L], None]] = []
        self.running: L | None = kind.start(0)
        """The life that serves; None between two."""
        self.name = self.running.name
        self.ended_counters = EndedProcessCounters()

    @property
    def lives(self) -> int:
        """How many lives have served, the present one included."""
        return self._life + 1

    @property
    def serving(self) -> L:
        """The life that serves; ProcessError if there is none."""
        if self.running is None:
            raise ProcessError(f"{self.name} has been ended, and nothing has taken its place yet")
        return self.running

    def do_in_each_life(self, act: Callable[[L], None]) -> None:
        """Do this with the life that serves, if there is one, and with every later one as soon as it serves."""
        self._in_each_life.append(act)
        if self.running is not None:
            act(self.running)

    def start_successor(self) -> None:
        """Start the life that is to follow, if one is; does not wait for it."""
        if self._spare is None and self._life < self._ends:
            self._spare, self._spare_is_ready = self._kind.start(self._life + 1), False

    def prepare_successor(self) -> None:
        """Have the life that is to follow stand by, if one is. Takes its time."""
        self.start_successor()
        if self._spare is not None and not self._spare_is_ready:
            self._spare.await_standing_by(START_WITHIN_S)
            self._spare_is_ready = True

    def prepare_stop(self, deadline_ns: int) -> PreparedEdge:
        """It ends in order. If it has not by `deadline_ns` (CLOCK_MONOTONIC) it is killed, as a supervisor would."""
        life = self._prepare_end()
        return PreparedEdge(life.ask_to_stop, lambda: self._stopped(life, deadline_ns))

    def prepare_kill(self) -> PreparedEdge:
        """It is killed, without warning."""
        life = self._prepare_end()
        return PreparedEdge(lambda: _strike(life, signal.SIGKILL), lambda: self._taken_away(life))

    def prepare_freeze(self, *, frozen: bool) -> PreparedEdge:
        """It stands still, or goes on."""
        life = self._intact()

        def as_told() -> bool:
            states = life.states()
            return states == {"T"} if frozen else bool(states) and "T" not in states

        number = signal.SIGSTOP if frozen else signal.SIGCONT
        return PreparedEdge(lambda: _strike(life, number), lambda: wait_until(as_told, END_WITHIN_S))

    def prepare_succession(self) -> PreparedEdge:
        """The life that stands by takes over."""
        self.prepare_successor()
        successor = self._spare
        if successor is None:
            raise ProcessError(f"nothing stands by to take the place of {self.name}")

        def take_over() -> None:
            successor.take_over()
            for act in self._in_each_life:
                act(successor)
            self.running, self._spare = successor, None
            self._life += 1

        return PreparedEdge(take_over, successor.intact)

    def stop(self, timeout_s: float) -> None:
        """End it in order, if it is there, for good; ProcessError if it failed, or had to be killed."""
        if self.running is None:
            return
        life = self.running
        life.ask_to_stop()
        life.final_report(timeout_s)
        if not life.gone(0):
            life.signal(signal.SIGKILL)
            raise ProcessError(f"{self.name} does not end; its log is {life.log}")
        self._taken_away(life)

    def release(self) -> None:
        """Undo whatever a fault that was not played to its end still holds."""
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
        # The successor first: what is got hold of of this life afterwards is as recent as can be.
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
        return self._taken_away(life)

    def _taken_away(self, life: L) -> bool:
        """Whether it is gone; what it left is collected."""
        gone = life.gone(END_WITHIN_S)
        if self._after_end:
            self._after_end.collect(self.ended_counters)
            self._after_end = None
        life.close()
        self.running = None
        return gone


def _strike(life: Life, number: signal.Signals) -> None:
    """Send a signal to a process that is there; ProcessError if it had ended by itself: that was not the fault."""
    if not life.intact():
        raise ProcessError(f"{life.name} had ended before the fault that was to strike it; its log is {life.log}")
    life.signal(number)


def _seconds_to(deadline_ns: int) -> float:
    return max(0, deadline_ns - monotonic_ns()) / S
