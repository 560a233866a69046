"""A life of a program of somebody else, watched until its end; and one that is a relay, ready with its lanes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic_ns
from typing import Literal

from results.run_files.documents import Event
from results.run_files.events import LogFull, ProgramMessage, ProgramStart, WatchdogMissed
from scenarios.supervision.processes import ProcessError
from scenarios.supervision.program import CommandLine, Program
from scenarios.supervision.program_watch import ProgramWatch
from scenarios.supervision.ready_signals import NotifySocket


@dataclass(frozen=True, slots=True)
class ProgramNews:
    """Records the news of a cluster's relay, or of the server behind it, as events; one that cannot be written is left
    out."""

    cluster: str
    record: Callable[[Event], None]
    part: Literal["relay", "server"] = "relay"

    def started(self, command: Sequence[str]) -> None:
        """It was started with this command line."""
        self._add(ProgramStart(self.cluster, self.part, tuple(command), monotonic_ns()))

    def message(self, text: str, at_ns: int, left_out: int) -> None:
        """It sent an assignment."""
        whose = "server: " if self.part == "server" else ""
        self._add(ProgramMessage(self.cluster, f"{whose}{text}", at_ns, left_out))

    def watchdog_missed(self, within_ns: int, at_ns: int) -> None:
        """It did not send WATCHDOG=1 in time."""
        self._add(WatchdogMissed(self.cluster, within_ns, at_ns))

    def log_full(self, limit_bytes: int, at_ns: int) -> None:
        """Its log takes no more."""
        self._add(LogFull(self.cluster, limit_bytes, at_ns))

    def _add(self, event: Event) -> None:
        with suppress(OSError):
            self.record(event)


class ForeignProgram(Program):
    """A life of a program of somebody else, whose unclean end is its own matter, and no failure of the run.

    `notify`: its socket for messages, if it has one. `launched` is called when its process was started. It is watched
    from when it is ready.
    """

    def __init__(
        self,
        name: str,
        command: CommandLine,
        log: Path,
        watch: ProgramWatch,
        notify: NotifySocket | None,
        *,
        launched: Callable[[], None],
        standing_by: bool,
    ) -> None:
        self._watch = watch
        self._notify = notify
        self._tell_launched = launched
        self.unclean: str | None = None
        """How it ended, if that was neither exit code 0 nor by SIGTERM."""
        super().__init__(name, command, log, standing_by=standing_by)

    def await_ready(self, timeout_s: float) -> None:
        """Wait until it serves; ProcessError if it does not in time."""
        super().await_ready(timeout_s)
        self._watch.begin(self._notify, self._launched().leader)

    @property
    def ended_ns(self) -> int | None:
        """When it was seen to have ended; None if it has not, or was not ready before."""
        return self._watch.ended_ns

    def final_report(self, timeout_s: float) -> None:
        """Wait for its end, however it is."""
        try:
            super().final_report(timeout_s)
        except ProcessError:
            self.unclean = self.ended_with()

    def close(self) -> None:
        """Close what it has and, if it has ended, reap it; idempotent."""
        self._watch.end()
        if self._notify:
            self._notify.close()
        super().close()

    def _launch(self) -> None:
        super()._launch()
        self._tell_launched()


class RelayLife(ForeignProgram):
    """A life of a relay program. It is ready once it says so and all lanes are bound, not before.

    `lanes_missing`: lanes that should be bound and are not.
    """

    def __init__(
        self,
        name: str,
        command: CommandLine,
        log: Path,
        watch: ProgramWatch,
        notify: NotifySocket | None,
        *,
        launched: Callable[[], None],
        lanes_missing: Callable[[], set[int]],
        standing_by: bool,
    ) -> None:
        self._lanes_missing = lanes_missing
        super().__init__(name, command, log, watch, notify, launched=launched, standing_by=standing_by)

    def await_ready(self, timeout_s: float) -> None:
        """Wait until it serves; ProcessError if it does not in time, or says so with a lane that is not bound."""
        super().await_ready(timeout_s)
        missing = self._lanes_missing()
        if missing and not self.intact():
            raise ProcessError(f"{self.name} ended as soon as it had said that it was ready ({self.last_line()})")
        if missing:
            raise ProcessError(f"{self.name} says that it is ready, and UDP port {min(missing)} is not bound")
