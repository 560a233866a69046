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
        """Run commands (`batch_lines`) back to back; returns when all is in force, or tc has ended."""
        before = batch_lines(["tc", "filter", "show", "dev", port, "egress"] for port in filtered)
        conversation = self._say(before + words + batch_lines([_SHORTEST, _SHOW]), len(filtered) + 2)
        conversation.hear(len(filtered) + 1)
        return Changed(time.monotonic_ns(), tuple(filtered), conversation)

    def ask(self, words: str, shows: int) -> list[list[Row]]:
        """Run commands, and give the answers to the `show` among them; without one, it is not waited for them.

        CommandError if tc refused one.
        """
        return self._say(words, shows).answers()

    def close(self) -> None:
        """Let tc end; idempotent."""
        self._lines.close()
        self._socket.close()
        self._process.wait()
        self._tables.cleanup()

    def _say(self, words: str, shows: int) -> Conversation:
        """Whatever was not listened to of the last conversation is past."""
        self._conversation.hear(self._conversation.shows)
        self._conversation = Conversation(self._process, self._lines, shows)
        try:
            self._socket.sendall(words.encode())
        except OSError as error:
            self._conversation.broken(error)
        return self._conversation


class Conversation:
    """What tc answers to a few commands, of which `shows` have it answer."""

    def __init__(self, process: subprocess.Popen[bytes], lines: TextIO, shows: int) -> None:
        self.shows = shows
        self._process = process
        self._lines = lines
        self._answers: list[str] = []
        self._complaints = ""
        self._ended: CommandError | None = None

    def hear(self, count: int) -> None:
        """Until there are so many answers, or will be none any more."""
        try:
            while len(self._answers) < count and not self._ended:
                line = self._lines.readline()
                if line.startswith(_ANSWER):
                    self._answers.append(line)
                elif line:
                    self._complaints += line
                else:
                    self._ended = CommandError(_ARGV, self._process.wait(), self._complaints or "tc ended")
        except OSError as error:
            self.broken(error)

    def broken(self, error: OSError) -> None:
        """There will be no more answers."""
        self._ended = CommandError(_ARGV, -1, self._complaints or str(error))

    def answers(self) -> list[list[Row]]:
        """All of them; CommandError if tc refused a command or has ended."""
        self.hear(self.shows)
        if self._ended:
            raise self._ended
        if self._complaints:
            raise CommandError(_ARGV, 1, self._complaints)
        return [json.loads(answer) for answer in self._answers]


class Changed(NamedTuple):
    """A change that is in force since `done_ns`, CLOCK_MONOTONIC; what tc shows of it is still to be read."""

    done_ns: int
    filtered: tuple[str, ...]
    conversation: Conversation

    def read(self) -> Found:
        """The filters that the ports had until then, and every queueing discipline as it is now.

        CommandError if tc refused a command.
        """
        *filters, _, disciplines = self.conversation.answers()
        return Found(dict(zip(self.filtered, filters, strict=True)), disciplines)


class Found(NamedTuple):
    """What tc shows: the filters of ports, and all queueing disciplines."""

    filters: dict[str, list[Row]]
    disciplines: list[Row]
