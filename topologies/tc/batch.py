"""A long-lived `tc -batch` process: commands run back to back, without a new process for each."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TextIO, get_args

from hostio.commands import CommandError, batch_lines
from hostio.realtime import RealtimePriority, set_thread_priority
from topologies.distributions import tc_file
from topologies.link_state import Distribution

Row = dict[str, Any]
"""One queueing discipline or filter, as tc's JSON tells it."""

_ARGV = ("tc", "-force", "-json", "-statistics", "-raw", "-batch", "-")
_SHOW = ["tc", "qdisc", "show"]
_SHORTEST = ["tc", "filter", "show", "dev", "lo"]
"""A command with a short answer, which shows that those before it are done."""

_ANSWER_WITHIN_S = 10.0
_ANSWER = "["


class TcBatch:
    """A `tc` process that reads commands until it is closed.

    Its tables of jitter come from `distributions`, as those of the userspace wire do. It answers each `show` with one
    line of JSON and flushes it, so an answer shows that everything before it is done. Error messages come on the same
    stream, as other lines; `-force` has it go on after one.
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
        set_thread_priority(self._process.pid, RealtimePriority.SOURCE)
        self._socket.settimeout(_ANSWER_WITHIN_S)
        self._lines = self._socket.makefile("r", encoding="utf-8", errors="replace")
        self._conversation = Conversation(self._process, self._lines, shows=0)

    def show(self, filtered: Sequence[str] = ()) -> Found:
        """The filters of these ports, and every queueing discipline with its counters.

        CommandError if tc has ended, or does not answer.
        """
        return self.change("", filtered).read()

    def change(self, words: str, filtered: Sequence[str] = ()) -> Changed:
        """Run commands (`batch_lines`) back to back; returns when all are done, or tc has ended.

        The filters are shown before the change, as they were until then. The short answer after it marks its end; the
        long one, of all queueing disciplines, is left to `Changed.read`, so that the caller's time stamp does not wait
        for it.
        """
        before = batch_lines(["tc", "filter", "show", "dev", port, "egress"] for port in filtered)
        conversation = self._send(before + words + batch_lines([_SHORTEST, _SHOW]), len(filtered) + 2)
        conversation.read(len(filtered) + 1)
        return Changed(time.monotonic_ns(), tuple(filtered), conversation)

    def ask(self, words: str, shows: int) -> list[list[Row]]:
        """Run commands with `shows` times `show` among them; its answers. Without a `show` it does not wait.

        CommandError if tc refused a command.
        """
        return self._send(words, shows).answers()

    def close(self) -> None:
        """End tc; idempotent."""
        self._lines.close()
        self._socket.close()
        self._process.wait()
        self._tables.cleanup()

    def _send(self, words: str, shows: int) -> Conversation:
        """Send commands, after reading what is left of the answers to those before."""
        self._conversation.read(self._conversation.shows)
        self._conversation = Conversation(self._process, self._lines, shows)
        try:
            self._socket.sendall(words.encode())
        except OSError as error:
            self._conversation.fail(error)
        return self._conversation


class Conversation:
    """The answers of tc to some commands, `shows` of which have one."""

    def __init__(self, process: subprocess.Popen[bytes], lines: TextIO, shows: int) -> None:
        self.shows = shows
        self._process = process
        self._lines = lines
        self._answers: list[str] = []
        self._errors = ""
        self._ended: CommandError | None = None

    def read(self, count: int) -> None:
        """Read until there are `count` answers, or tc has ended."""
        try:
            while len(self._answers) < count and not self._ended:
                line = self._lines.readline()
                if line.startswith(_ANSWER):
                    self._answers.append(line)
                elif line:
                    self._errors += line
                else:
                    self._ended = CommandError(_ARGV, self._process.wait(), self._errors or "tc ended")
        except OSError as error:
            self.fail(error)

    def fail(self, error: OSError) -> None:
        """Record that there will be no more answers."""
        self._ended = CommandError(_ARGV, -1, self._errors or str(error))

    def answers(self) -> list[list[Row]]:
        """All answers; CommandError if tc refused a command or has ended."""
        self.read(self.shows)
        if self._ended:
            raise self._ended
        if self._errors:
            raise CommandError(_ARGV, 1, self._errors)
        return [json.loads(answer) for answer in self._answers]


class Changed(NamedTuple):
    """A change that was done at `done_ns`, CLOCK_MONOTONIC; what tc shows of it is still to be read."""

    done_ns: int
    filtered: tuple[str, ...]
    conversation: Conversation

    def read(self) -> Found:
        """The filters that the ports had before, and every queueing discipline as it is now.

        CommandError if tc refused a command.
        """
        *filters, _, disciplines = self.conversation.answers()
        return Found(dict(zip(self.filtered, filters, strict=True)), disciplines)


class Found(NamedTuple):
    """Output of tc: the filters of ports, and all queueing disciplines."""

    filters: dict[str, list[Row]]
    disciplines: list[Row]
