"""A connected socket to which several threads write whole messages, and that notes when these had really been written.

A framework that queues what it is given, and writes it in a thread of its own, returns from its `send` before the
switch can have seen anything: only the socket knows when the bytes left.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Lock
from time import monotonic_ns
from typing import Any, Protocol


class Sending(Protocol):
    """What is needed of the socket; all else of it is handed on as it is."""

    def sendall(self, data: bytes, /) -> None:
        """Write all of the bytes; OSError if that fails."""


class TimedSocket:
    """Stands for a socket, and has the times at which writes that are of interest were over, CLOCK_MONOTONIC ns.

    `token_of`: the token under which the end of a write is noted; None: it is of no interest. `lock`: what a thread has
    while it writes, of the framework's kind of threads. Any thread may write or ask.
    """

    def __init__(
        self,
        connected: Sending,
        token_of: Callable[[bytes], int | None],
        clock: Callable[[], int] = monotonic_ns,
        lock: AbstractContextManager[object] | None = None,
    ) -> None:
        self._socket = connected
        self._token_of = token_of
        self._clock = clock
        self._writing = lock or Lock()
        self._written_ns: dict[int, int] = {}

    def __getattr__(self, name: str) -> Any:
        """What the socket itself has."""
        return getattr(self._socket, name)

    def sendall(self, data: bytes) -> None:
        """Write all of the bytes, and note when the kernel had taken the last of them; OSError if that fails."""
        with self._writing:
            self._socket.sendall(data)
            at_ns = self._clock()
        token = self._token_of(data)
        if token is not None:
            self._written_ns[token] = at_ns

    def written_ns(self, token: int, answered_ns: int) -> int:
        """When a message that was answered at `answered_ns` had been written; to be asked once.

        The answer proves that it had been by then: the writing thread may not yet have been at the clock, or have come
        there late, when the answer is read already.
        """
        return min(self._written_ns.pop(token, answered_ns), answered_ns)
