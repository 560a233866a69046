"""What every kind of supervised process has: lives that are made ready, end, and leave something to be counted.

A life is from one start of a process to its end. Kinds are forked processes with a control pipe (`processes`), programs
that are started from a command line (`program`), and several such parts together.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from hostio.control import Stopped
from hostio.histogram import Lateness


class Life(Protocol):
    """A life of a process, which may be several processes of the operating system. All errors are ProcessError."""

    @property
    def name(self) -> str:
        """As messages, logs and reports say it."""

    @property
    def log(self) -> Path:
        """Where it writes what it has to say."""

    def await_ready(self, timeout_s: float) -> None:
        """Wait until it serves; ProcessError if it does not in time."""

    def await_standing_by(self, timeout_s: float) -> None:
        """Wait until it is ready to take over, and holds nothing open that the one before it has."""

    def take_over(self) -> None:
        """Have one that stands by serve; it does on return."""

    def ask_to_stop(self) -> None:
        """Tell it to end in order; does not wait."""

    def final_report(self, timeout_s: float) -> Stopped | None:
        """Wait for what it reports in the end, or for its end; None if nothing. ProcessError if it failed."""

    def intact(self) -> bool:
        """Whether no part of it has ended."""

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all of it; what is gone needs none."""

    def gone(self, timeout_s: float) -> bool:
        """Wait until all of it has ended, at most so long; whether it has."""

    def states(self) -> set[str]:
        """The letters of proc_pid_stat(5) for all its threads."""

    def close(self) -> None:
        """Let go of its pipes and descriptors."""


@dataclass(slots=True)
class EndedProcessCounters:
    """What the lives that a fault ended counted, all together: `socket_drops` by socket, `counters` by name.

    `left_behind`: RELAY_FATE rows of the packets that waited for them. `lateness`: by thread and life, of those that
    could still tell.
    """

    counters: Counter[str] = field(default_factory=Counter)
    socket_drops: Counter[str] = field(default_factory=Counter)
    left_behind: list[tuple[int, int, int, int]] = field(default_factory=list)
    lateness: dict[tuple[str, int | None], Lateness] = field(default_factory=dict)

    def add(self, report: Stopped, life: int) -> None:
        """Add the final report of a life, but for its sockets: these are read once it is gone."""
        self.counters.update(report.counters)
        self.lateness |= {(thread, life): each for thread, each in report.lateness.items()}


class AfterEnd(NamedTuple):
    """What is to be done once a life is gone: `collect` reads what it left; `release` lets go if it did not end."""

    collect: Callable[[EndedProcessCounters], None]
    release: Callable[[], None]


L = TypeVar("L", bound=Life)


class ProcessKind(Protocol[L]):
    """How the lives of a process are made: by forking, from a command line, or of several such parts."""

    def start(self, life: int) -> L:
        """Start a life; it may not be ready yet. Number 0 serves as soon as it is, those after it stand by."""

    def prepare_end(self, life: L) -> AfterEnd:
        """Get hold of what is to be read, or removed, once this life is gone. The fault comes after it."""
