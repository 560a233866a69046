"""One long-lived `tc -batch`: changes take effect back to back, without a process for each."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Sequence
from typing import NamedTuple

from topologies.commands import Command, CommandError, batch_lines
from topologies.netem import Row

_ARGV = ("tc", "-force", "-json", "-statistics", "-raw", "-batch", "-")
_SHOW = ["tc", "qdisc", "show"]
_ANSWER_WITHIN_S = 10.0
_ANSWER = "["


class Change(NamedTuple):
    """Every queueing discipline before and after it; `done_ns`: all was in force by then, CLOCK_MONOTONIC ns."""

    before: list[Row]
    after: list[Row]
    done_ns: int


class TcBatch:
    """A `tc` that reads commands from us until it is closed.

    It answers each `show` with one line of JSON and flushes it, so an answer also tells that everything before it is
    done. Its complaints come on the same stream, as other lines.
    """

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                _ARGV, stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=theirs.fileno()
            )
        self._socket.settimeout(_ANSWER_WITHIN_S)
        self._lines = self._socket.makefile("r", encoding="utf-8", errors="replace")

    def show(self) -> list[Row]:
        """Every queueing discipline with its counters. CommandError if tc has ended, or does not answer."""
        (answer,) = self._ask([_SHOW])
        return _rows(answer)

    def change(self, commands: Sequence[Command]) -> Change:
        """Run tc commands back to back. CommandError if tc refused one."""
        before, after = self._ask([_SHOW, *commands, _SHOW])
        done_ns = time.monotonic_ns()
        return Change(_rows(before), _rows(after), done_ns)

    def close(self) -> None:
        """Let tc end; idempotent."""
        self._lines.close()
        self._socket.close()
        self._process.wait()

    def _ask(self, commands: Sequence[Command]) -> list[str]:
        """Answers to the shows among the commands."""
        answers: list[str] = []
        complaints = ""
        try:
            self._socket.sendall(batch_lines(commands).encode())
            while len(answers) < commands.count(_SHOW):
                line = self._lines.readline()
                if line.startswith(_ANSWER):
                    answers.append(line)
                elif line:
                    complaints += line
                else:
                    raise CommandError(_ARGV, self._process.wait(), complaints or "tc ended")
        except OSError as error:
            raise CommandError(_ARGV, -1, complaints or str(error)) from error
        if complaints:
            raise CommandError(_ARGV, 1, complaints)
        return answers


def _rows(answer: str) -> list[Row]:
    rows: list[Row] = json.loads(answer)
    return rows
