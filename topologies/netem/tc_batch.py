"""One long-lived `tc -batch`: changes take effect back to back, without a process for each."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, get_args

from hostio.realtime import Urgency, make_punctual
from topologies.commands import CommandError, batch_lines
from topologies.distributions import tc_file
from topologies.link_state import Distribution
from topologies.netem.answers import Row

_ARGV = ("tc", "-force", "-json", "-statistics", "-raw", "-batch", "-")
_SHOW = ["tc", "qdisc", "show"]
_SHORTEST = ["tc", "filter", "show", "dev", "lo"]
"""Answered at once: tells that what came before it is done."""

_ANSWER_WITHIN_S = 10.0
_ANSWER = "["


class TcBatch:
    """A `tc` that reads commands from us until it is closed.

    It has the distributions of jitter from `distributions`, as the userspace wire has. It answers each `show` with
    one line of JSON and flushes it, so an answer also tells that everything before it is done. Its complaints come on
    the same stream, as other lines.
    """

    def __init__(self) -> None:
        self._tables = TemporaryDirectory(prefix="tc-")
        for distribution in get_args(Distribution):
            Path(self._tables.name, f"{distribution}.dist").write_text(tc_file(distribution))
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                _ARGV,
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=theirs.fileno(),
                env={**os.environ, "TC_LIB_DIR": self._tables.name},
            )
        make_punctual(self._process.pid, Urgency.SOURCE)
        self._socket.settimeout(_ANSWER_WITHIN_S)
        self._lines = self._socket.makefile("r", encoding="utf-8", errors="replace")

    def show(self, filtered: Sequence[str] = ()) -> tuple[list[Row], dict[str, list[Row]]]:
        """Every queueing discipline with its counters, and the filters of these ports.

        CommandError if tc has ended, or does not answer.
        """
        filters, rows, _ = self.change("", filtered)
        return rows, filters

    def change(self, words: str, filtered: Sequence[str] = ()) -> tuple[dict[str, list[Row]], list[Row], int]:
        """Run commands (`batch_lines`) back to back; CLOCK_MONOTONIC ns when all was in force comes last.

        Before it the filters that these ports had until then, and every queueing discipline as it is now.

        CommandError if tc refused one.
        """
        before = batch_lines(["tc", "filter", "show", "dev", port, "egress"] for port in filtered)
        *filters, done, after = self._ask(before + words + batch_lines([_SHORTEST, _SHOW]), len(filtered) + 2)
        return (
            {port: _rows(each.line) for port, each in zip(filtered, filters, strict=True)},
            _rows(after.line),
            done.at_ns,
        )

    def ask(self, words: str, shows: int) -> list[list[Row]]:
        """Run commands, and give the answers to the `show` among them; without one, it is not waited for them.

        CommandError if tc refused one.
        """
        return [_rows(answer.line) for answer in self._ask(words, shows)]

    def close(self) -> None:
        """Let tc end; idempotent."""
        self._lines.close()
        self._socket.close()
        self._process.wait()
        self._tables.cleanup()

    def _ask(self, words: str, shows: int) -> list[_Answer]:
        """Answers to the shows among the words."""
        answers: list[_Answer] = []
        complaints = ""
        try:
            self._socket.sendall(words.encode())
            while len(answers) < shows:
                line = self._lines.readline()
                if line.startswith(_ANSWER):
                    answers.append(_Answer(line, time.monotonic_ns()))
                elif line:
                    complaints += line
                else:
                    raise CommandError(_ARGV, self._process.wait(), complaints or "tc ended")
        except OSError as error:
            raise CommandError(_ARGV, -1, complaints or str(error)) from error
        if complaints:
            raise CommandError(_ARGV, 1, complaints)
        return answers


class _Answer(NamedTuple):
    line: str
    at_ns: int


def _rows(answer: str) -> list[Row]:
    rows: list[Row] = json.loads(answer)
    return rows
