"""A life of a relay version in a cluster whose relay is a program in another life: it ends, and is counted, as that."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hostio.control import Stopped
from scenarios.process_faults.relay import OfProcesses, hold_lanes
from scenarios.supervision.process_kind import AfterEnd
from scenarios.supervision.processes import RunProcess


class VersionLife:
    """The process of ours, which answers messages, with what is asked of a program at its end."""

    unclean: str | None = None
    """How it ended, if not as it should have: a process of ours that fails says so itself."""
    ended_ns: int | None = None
    """When it ended by itself: its pipe does not tell."""

    def __init__(self, process: RunProcess) -> None:
        self.process = process

    @property
    def name(self) -> str:
        """Name in messages, logs and reports."""
        return self.process.name

    @property
    def log(self) -> Path:
        """File of its standard error."""
        return self.process.log

    def pids(self) -> tuple[int, ...]:
        """The number of its process."""
        return (self.process.handle.pid,)

    def await_ready(self, timeout_s: float) -> None:
        """Wait until it serves; ProcessError if it does not in time."""
        self.process.await_ready(timeout_s)

    def await_standing_by(self, timeout_s: float) -> None:
        """Wait until it stands by; ProcessError if it does not in time."""
        self.process.await_standing_by(timeout_s)

    def take_over(self) -> None:
        """Have it serve; it does on return."""
        self.process.take_over()

    def ask_to_stop(self) -> None:
        """Ask it to end; does not wait."""
        self.process.ask_to_stop()

    def final_report(self, timeout_s: float) -> Stopped | None:
        """Its final report; None if there is none in time."""
        return self.process.final_report(timeout_s)

    def intact(self) -> bool:
        """Whether it is running."""
        return self.process.intact()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; nothing if it has ended."""
        self.process.signal(number)

    def gone(self, timeout_s: float) -> bool:
        """Wait until it has ended, at most `timeout_s`; whether it has."""
        return self.process.gone(timeout_s)

    def states(self) -> set[str]:
        """State letters (proc_pid_stat(5)) of its threads."""
        return self.process.states()

    def close(self) -> None:
        """Close its pipe and descriptors."""
        self.process.close()

    def ended_with(self) -> str:
        """How it has ended, in words."""
        return "; ".join(each.why for each in self.process.failures) or f"its log is {self.log.name}"

    def last_line(self) -> str:
        """Nothing: what a process of ours prints is for those who mend it."""
        return ""


@dataclass(frozen=True, slots=True)
class VersionLifeKind:
    """Starts lives of a relay version by `spawn`, which takes the life's number."""

    spawn: Callable[[int], RunProcess]

    def start(self, life: int) -> VersionLife:
        """Start a life of the relay."""
        return VersionLife(self.spawn(life))

    def prepare_end(self, life: OfProcesses) -> AfterEnd:
        """Hold the sockets of its lanes: what is in them at its end is counted."""
        return hold_lanes(life.pids())
