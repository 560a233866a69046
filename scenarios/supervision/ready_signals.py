"""Signals by which a program tells that it is ready: sd_notify(3), a line of output, or an answer to a request.

Waiting for a signal ends when the program does, so that a program that fails at its start costs no time limit.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Protocol

from hostio.process_handle import ProcessHandle
from hostio.readiness import readable
from hostio.timing import wait_until

_READ_BYTES = 4096


class ReadySignal(Protocol):
    """Something observable that a program does when it reaches a state."""

    @property
    def meaning(self) -> str:
        """That state, for an error message: ready, listening, …"""

    @property
    def lacking(self) -> str:
        """What is so while there is no signal, for an error message; empty if there is no more to say."""

    def wait(self, program: ProcessHandle, timeout_s: float) -> bool:
        """Wait until the program gives the signal or ends, at most `timeout_s`; whether it gave it."""


class NotifySocket:
    """The socket of sd_notify(3), to which a program sends READY=1.

    It has a path, because an abstract address is visible in one network namespace only, and programs run in others.
    `heard` is called with each assignment that is read.
    """

    meaning = "ready"
    lacking = "it sent no READY=1 by sd_notify(3)"

    def __init__(self, path: Path, heard: Callable[[str], None] = lambda _: None) -> None:
        self._path = path
        self._heard = heard
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        path.chmod(0o666)

    @property
    def environment(self) -> Mapping[str, str]:
        """Environment variables that tell the program the socket's path."""
        return {"NOTIFY_SOCKET": str(self._path)}

    def fileno(self) -> int:
        """The socket, readable for select when there is a message."""
        return self._socket.fileno()

    def wait(self, program: ProcessHandle, timeout_s: float) -> bool:
        """Wait for READY=1 among the assignments of a datagram."""
        deadline = monotonic() + timeout_s
        while _readable(self.fileno(), program, deadline):
            if "READY=1" in self.read():
                return True
        return False

    def read(self) -> list[str]:
        """The assignments of the next datagram; waits for one."""
        assignments = self._socket.recv(_READ_BYTES).decode(errors="replace").splitlines()
        for each in assignments:
            self._heard(each)
        return assignments

    def close(self) -> None:
        """Remove the socket; idempotent."""
        self._socket.close()
        self._path.unlink(missing_ok=True)


class OutputLines:
    """A pipe that becomes the standard output of a program, read line by line."""

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        self._pending = b""

    def started(self) -> None:
        """Close our writing end, once the program has its copy: then the pipe ends when the program does."""
        os.close(self.writer)

    def next(self, program: ProcessHandle, timeout_s: float) -> str | None:
        """The next whole line, without its newline; None if the program ends before, or after `timeout_s`."""
        deadline = monotonic() + timeout_s
        while b"\n" not in self._pending:
            found = os.read(self._reader, _READ_BYTES) if _readable(self._reader, program, deadline) else b""
            if not found:
                return None
            self._pending += found
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode(errors="replace")

    def close(self) -> None:
        """Close the reading end; idempotent."""
        if self._reader >= 0:
            os.close(self._reader)
            self._reader = -1


@dataclass(frozen=True, slots=True)
class OutputLine:
    """The signal is a line of output: the next one of `lines`, which must be `text`."""

    meaning: str
    lines: OutputLines
    text: str
    lacking: str = ""

    def wait(self, program: ProcessHandle, timeout_s: float) -> bool:
        """Wait for the next line; whether it is the expected one."""
        return self.lines.next(program, timeout_s) == self.text


@dataclass(frozen=True, slots=True)
class Answers:
    """The signal is an answer: `asked` sends the program a request and returns whether it answered.

    `why_not`: what `lacking` is.
    """

    asked: Callable[[], bool]
    meaning: str = "ready"
    every_s: float = 0.001
    why_not: Callable[[], str] = lambda: ""

    @property
    def lacking(self) -> str:
        """What is so while there is no answer."""
        return self.why_not()

    def wait(self, program: ProcessHandle, timeout_s: float) -> bool:
        """Call `asked`, and again `every_s` after it returned, until it returns True."""
        answered = False

        def answered_or_ended() -> bool:
            nonlocal answered
            answered = self.asked()
            return answered or program.gone(0)

        wait_until(answered_or_ended, timeout_s, self.every_s)
        return answered


def _readable(descriptor: int, program: ProcessHandle, deadline: float) -> bool:
    """Wait until there is something to read; False if the program ended without, or at the deadline.

    Data that the program wrote before it ended still counts, hence the second look.
    """
    found = readable([descriptor, program.fileno()], deadline - monotonic())
    return descriptor in found or bool(readable([descriptor], 0))
