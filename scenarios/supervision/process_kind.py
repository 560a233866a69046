"""The protocols of supervised processes: `Life`, and `ProcessKind`, which starts lives.

A life is from one start of a process to its end. Lives are forked processes with a control pipe (`processes`), programs
started from a command line (`program`), or several of these together.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

from hostio.control import Stopped
from hostio.lateness import Lateness, Spans


class Life(Protocol):
    """One life of a process, which may be several processes of the operating system. All errors are ProcessError."""

    @property
    def name(self) -> str:
        """Name in messages, logs and reports."""

    @property
    def log(self) -> Path:
        """File of its standard error."""

    def await_ready(self, timeout_s: float) -> None:
        """Wait until it serves; ProcessError if it does not in time."""

    def await_standing_by(self, timeout_s: float) -> None:
        """Wait until it is ready to take over; ProcessError if it is not in time.

        Until then it binds no address that the life before it may hold.
        """

    def take_over(self) -> None:
        """Have a life that stands by serve; it serves on return."""

    def ask_to_stop(self) -> None:
        """Ask it to end in order; does not wait."""

    def final_report(self, timeout_s: float) -> Stopped | None:
        """Wait for its final report or its end; None if there is no report. ProcessError if it failed."""

    def intact(self) -> bool:
        """Whether all its parts are running."""

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all its parts; those that have ended are left out."""

    def gone(self, timeout_s: float) -> bool:
        """Wait until all its parts have ended, at most `timeout_s`; whether they have."""

    def states(self) -> set[str]:
        """State letters (proc_pid_stat(5)) of all its threads."""

    def close(self) -> None:
        """Close its pipes and descriptors."""


@dataclass(slots=True)
class EndedProcessCounters:
    """Counters of all lives that faults ended, added up: `counters` by name, `socket_drops` by socket.

    `left_behind`: RELAY_FATE rows of packets that were left in their sockets. `lateness`: by thread and life;
    `hold_ups`: by thread, of each life. Killed lives report neither.
    """

    counters: Counter[str] = field(default_factory=Counter)
    socket_drops: Counter[str] = field(default_factory=Counter)
    left_behind: list[tuple[int, int, int, int]] = field(default_factory=list)
    lateness: dict[tuple[str, int | None], Lateness] = field(default_factory=dict)
    hold_ups: list[Mapping[str, Spans]] = field(default_factory=list)

    def add(self, report: Stopped, life: int) -> None:
        """Add the final report of a life, except for its sockets, which are read after it has ended."""
        self.counters.update(report.counters)
        self.lateness |= {(thread, life): each for thread, each in report.lateness.items()}
        self.hold_ups.append(report.hold_ups)


class AfterEnd(NamedTuple):
    """What to do after a life was to end: `collect` what it left if it has, `release` what was held if it has not."""

    collect: Callable[[EndedProcessCounters], None]
    release: Callable[[], None]


L = TypeVar("L", bound=Life)


class ProcessKind(Protocol[L]):
    """Starts the lives of a process."""

    def start(self, life: int) -> L:
        """Start life number `life`; does not wait. Life 0 serves as soon as it is ready, later ones stand by."""

    def prepare_end(self, life: L) -> AfterEnd:
        """Called before the fault: hold what is to be read or removed after this life has ended."""


@dataclass(frozen=True, slots=True)
class Succession(Generic[L]):
    """Starts each life of a process by a kind of its own; `kinds`: in the order of the lives."""

    kinds: Sequence[ProcessKind[L]]

    def start(self, life: int) -> L:
        """Start life number `life` by its kind."""
        return self.kinds[life].start(life)

    def prepare_end(self, life: L) -> AfterEnd:
        """As the first kind does: the kinds differ in what they start, not in what is read of it."""
        return self.kinds[0].prepare_end(life)
