"""One process of a run: its control pipe to the runner, and its threads.

The first thread that fails raises an alarm, and its error reaches the main thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.connection import Connection
from threading import Thread
from time import monotonic

from hostio.histogram import Lateness


@dataclass(frozen=True, slots=True)
class Ready:
    """The process has opened its sockets and serves."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Finish: write the records and say Stopped. Closing the pipe means the same."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The records are written. Datagrams lost in each socket's receive buffer; other counts of things gone wrong; by
    how much the wake-ups of each thread that keeps time were late."""

    socket_drops: Mapping[str, int]
    counters: Mapping[str, int] = field(default_factory=dict)
    lateness: Mapping[str, Lateness] = field(default_factory=dict)


def messages(control: Connection, alarm: int) -> Iterator[object]:
    """What arrives until Stop, end of file, or until the descriptor `alarm` becomes readable."""
    while alarm not in connection.wait([control, alarm]):
        try:
            message = control.recv()
        except EOFError:
            return
        if isinstance(message, Stop):
            return
        yield message


def tell(control: Connection, message: object) -> None:
    """Send; a runner that has gone away needs no telling."""
    with suppress(BrokenPipeError, ConnectionResetError):
        control.send(message)


class Workers:
    """Named daemon threads. `alarm` is a descriptor that becomes readable when one of them has failed."""

    def __init__(self) -> None:
        self.alarm = os.eventfd(0)
        self._threads: list[Thread] = []
        self._failures: list[BaseException] = []

    def start(self, name: str, target: Callable[[], object]) -> None:
        """Run `target` in a thread of its own."""
        thread = Thread(target=self._run, args=(target,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self, target: Callable[[], object]) -> None:
        try:
            target()
        except BaseException as failure:  # whatever it is, it is raised again in join()
            self._failures.append(failure)
            os.eventfd_write(self.alarm, 1)

    def join(self, timeout_s: float | None = None) -> int:
        """Wait for all of them, at most so long in all; how many still run. Raises the first failure."""
        deadline = None if timeout_s is None else monotonic() + timeout_s
        for thread in self._threads:
            thread.join(None if deadline is None else max(0.0, deadline - monotonic()))
        if self._failures:
            raise self._failures[0]
        alive = sum(thread.is_alive() for thread in self._threads)
        if not alive:
            os.close(self.alarm)
        return alive
