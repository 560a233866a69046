"""A process of a run: the messages on its control pipe to the runner, and its threads."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.connection import Connection
from threading import Thread
from time import monotonic
from typing import Any

from hostio.lateness import Lateness, Spans


@dataclass(frozen=True, slots=True)
class Ready:
    """From a process: its sockets are open and it serves."""


@dataclass(frozen=True, slots=True)
class Stop:
    """To a process: finish, write the records and answer Stopped. The end of the pipe means the same."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """From a process: the records are written.

    Datagrams lost in each socket's receive buffer, other counters of what went wrong, how late the timed wake-ups of
    each thread were, and when they were held up; each by name.
    """

    socket_drops: Mapping[str, int]
    counters: Mapping[str, int] = field(default_factory=dict)
    lateness: Mapping[str, Lateness] = field(default_factory=dict)
    hold_ups: Mapping[str, Spans] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """From a process that ends because a file could not be written or, if `bug`, for an error that nobody expected:
    `why`, a sentence."""

    why: str
    bug: bool = False


def tell(control: Connection, message: object) -> None:
    """Send a message; nothing happens if the runner has closed its end."""
    with suppress(BrokenPipeError, ConnectionResetError):
        control.send(message)


def receive(control: Connection) -> Any:
    """Wait for the next message; Stop at the end of the pipe."""
    try:
        return control.recv()
    except EOFError:
        return Stop()


def messages(control: Connection, alarm: int) -> Iterator[object]:
    """Every message before Stop; ends also when the descriptor `alarm` becomes readable (`Workers.alarm`)."""
    while alarm not in connection.wait([control, alarm]):
        message = receive(control)
        if isinstance(message, Stop):
            return
        yield message


def message_queue(control: Connection) -> asyncio.Queue[object]:
    """Every message up to Stop, as it arrives, for a coroutine of the running event loop."""
    queue: asyncio.Queue[object] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        message = receive(control)
        if isinstance(message, Stop):  # a pipe at its end stays readable
            loop.remove_reader(control.fileno())
        queue.put_nowait(message)

    loop.add_reader(control.fileno(), read)
    return queue


class Workers:
    """Named daemon threads. `alarm` is an eventfd that becomes readable when one of them has failed."""

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
        except BaseException as failure:  # of any kind: `join` raises it again in the main thread
            self._failures.append(failure)
            os.eventfd_write(self.alarm, 1)

    def join(self, timeout_s: float | None = None) -> int:
        """Wait for all threads, at most so long in all; how many still run. Raises the first failure."""
        deadline = None if timeout_s is None else monotonic() + timeout_s
        for thread in self._threads:
            thread.join(None if deadline is None else max(0.0, deadline - monotonic()))
        if self._failures:
            raise self._failures[0]
        alive = sum(thread.is_alive() for thread in self._threads)
        if not alive:
            os.close(self.alarm)
        return alive
