"""Reads what a program tells by sd_notify(3) after it is ready, holds it to its watchdog, and looks at its log."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from time import monotonic_ns
from typing import Protocol

from hostio.process_handle import ProcessHandle
from hostio.readiness import readable
from hostio.timing import S
from scenarios.supervision.program import printable
from scenarios.supervision.ready_signals import NotifySocket

MOST_A_SECOND = 10
"""Messages of a program that are passed on in a second; further ones are counted."""

_SHOWN = ("STATUS=", "RELOADING=", "WATCHDOG=", "STOPPING=", "ERRNO=", "READY=")
_LONGEST = 200
_LOOK_S = 1.0
_MOST_AT_ONCE = 64
_PAUSE_S = 0.01
"""After so many datagrams: a program that sends more of them waits, and not the run."""


class Told(Protocol):
    """What becomes of the news of a program. Times: CLOCK_MONOTONIC, ns."""

    def message(self, text: str, at_ns: int, left_out: int) -> None:
        """It sent an assignment; `left_out`: how many before it were left out."""

    def watchdog_missed(self, within_ns: int, at_ns: int) -> None:
        """It sent no WATCHDOG=1 for `within_ns`."""

    def log_full(self, limit_bytes: int, at_ns: int) -> None:
        """Its log has reached its limit."""


class MessageLimit:
    """Lets at most MOST_A_SECOND messages pass in a second, and counts the others. Pure: times are arguments, ns."""

    def __init__(self) -> None:
        self._second_ns = 0
        self._passed = 0
        self.left_out = 0

    def passes(self, at_ns: int) -> int | None:
        """How many were left out since the last one that passed, if this one passes; else None."""
        if at_ns - self._second_ns >= S:
            self._second_ns, self._passed = at_ns, 0
        if self._passed == MOST_A_SECOND:
            self.left_out += 1
            return None
        self._passed += 1
        left_out, self.left_out = self.left_out, 0
        return left_out


class Watchdog:
    """The time by which a program has to send WATCHDOG=1 next; missed once, it is due after the next one. Pure."""

    def __init__(self, within_ns: int, at_ns: int) -> None:
        self.within_ns = within_ns
        self.due_ns: int | None = at_ns + within_ns if within_ns else None

    def fed(self, at_ns: int) -> None:
        """It sent WATCHDOG=1."""
        self.due_ns = at_ns + self.within_ns if self.within_ns else None

    def missed(self, at_ns: int) -> bool:
        """Whether it was due by now."""
        if self.due_ns is None or at_ns < self.due_ns:
            return False
        self.due_ns = None
        return True


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched of a program: its log, which may have `log_limit_bytes`, and `watchdog_ns`, 0 for none."""

    log: Path
    log_limit_bytes: int
    watchdog_ns: int = 0


class ProgramWatch:
    """Watches a program, from `begin` on in a thread of its own."""

    def __init__(self, watched: Watched, told: Told) -> None:
        self._watched = watched
        self._told = told
        self._limit = MessageLimit()
        self._unsaid: str | None = None
        self._watchdog = Watchdog(0, 0)
        self._log_is_full = False
        self._end = os.eventfd(0)
        self._thread: Thread | None = None
        self.ended_ns: int | None = None
        """When the program was seen to have ended; CLOCK_MONOTONIC."""

    def hear(self, assignment: str) -> None:
        """Take an assignment that was read from its socket: `heard` of its NotifySocket."""
        if assignment == "WATCHDOG=1":
            self._watchdog.fed(monotonic_ns())
        if assignment.startswith(_SHOWN):
            self._pass_on(printable(assignment[:_LONGEST]))

    def begin(self, notify: NotifySocket | None, program: ProcessHandle | None = None) -> None:
        """Read its socket, if it has one, expect its watchdog's signs from now on, and look when the program ends."""
        self._watchdog = Watchdog(self._watched.watchdog_ns, monotonic_ns())
        self._thread = Thread(target=self._run, args=(notify, program), name="program-watch", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End the thread, after it has read what the program left in the socket; idempotent."""
        if self._end < 0:
            return
        if self._thread:
            os.eventfd_write(self._end, 1)
            self._thread.join()
        os.close(self._end)
        self._end = -1

    def _run(self, notify: NotifySocket | None, program: ProcessHandle | None) -> None:
        awaited = [self._end, *(each.fileno() for each in (notify, program) if each)]
        while self._end not in (found := readable(awaited, self._wait_s())):
            if program and program.fileno() in found:
                self.ended_ns = monotonic_ns()
                awaited.remove(program.fileno())
            if self._all_read(notify):
                self._judge_watchdog()
            else:
                readable([self._end], _PAUSE_S)
            self._look_at_log()
        self._all_read(notify)
        self._look_at_log()
        if self._unsaid is not None:
            self._told.message(self._unsaid, monotonic_ns(), self._limit.left_out - 1)

    def _all_read(self, notify: NotifySocket | None) -> bool:
        """Read at most so many datagrams; whether there is none left."""
        if notify is None:
            return True
        for _ in range(_MOST_AT_ONCE):
            if not readable([notify.fileno()], 0):
                return True
            notify.read()
        return False

    def _wait_s(self) -> float:
        due_ns = self._watchdog.due_ns
        return _LOOK_S if due_ns is None else min(_LOOK_S, max(0, due_ns - monotonic_ns()) / S)

    def _pass_on(self, text: str) -> None:
        at_ns = monotonic_ns()
        left_out = self._limit.passes(at_ns)
        if left_out is None:
            self._unsaid = text
        else:
            self._unsaid = None
            self._told.message(text, at_ns, left_out)

    def _judge_watchdog(self) -> None:
        at_ns = monotonic_ns()
        if self._watchdog.missed(at_ns):
            self._told.watchdog_missed(self._watched.watchdog_ns, at_ns)

    def _look_at_log(self) -> None:
        limit_bytes = self._watched.log_limit_bytes
        if not self._log_is_full and self._watched.log.stat().st_size >= limit_bytes:
            self._log_is_full = True
            self._told.log_full(limit_bytes, monotonic_ns())
