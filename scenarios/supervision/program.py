"""A program of the run that is started from a command line: controller, Redis, and programs that are not ours.

It is ready by a signal of its own, told to stop by SIGTERM to its process group (or by the end of its standard input),
and killed with all that it started if it does not. Exit code 0 and death by SIGTERM are clean ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hostio.control import Stopped
from hostio.process_handle import ProcessGroup
from scenarios.supervision.processes import START_WITHIN_S, ProcessError
from scenarios.supervision.ready_signals import OutputLines, ReadySignal

_CLEAN = (0, -signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """How a program is started (`environment`: in addition to ours), gets ready, and is told to stop.

    A program that can stand by gives the signal `standing_by`, and begins when its standard input says something.
    `output` becomes its standard output; without, that goes to its log.
    """

    argv: Sequence[str]
    ready: ReadySignal
    environment: Mapping[str, str] = field(default_factory=dict)
    standing_by: ReadySignal | None = None
    output: OutputLines | None = None
    stops_at_end_of_input: bool = False


class Program:
    """A life of a program. One that is to stand by and cannot is launched when it takes over.

    ProcessError if it cannot be started.
    """

    def __init__(self, name: str, command: CommandLine, log: Path, *, standing_by: bool = False) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._group: ProcessGroup | None = None
        if not standing_by or command.standing_by:
            self._launch()

    @property
    def pid(self) -> int:
        """Of the process that was launched, the leader of its group."""
        return self._launched().leader.pid

    def await_ready(self, timeout_s: float) -> None:
        """Wait until it serves; ProcessError if it does not in time."""
        self.await_signal(self._command.ready, timeout_s)

    def await_standing_by(self, timeout_s: float) -> None:
        """Wait until it stands by, if it can."""
        if self._command.standing_by:
            self.await_signal(self._command.standing_by, timeout_s)

    def await_signal(self, awaited: ReadySignal, timeout_s: float) -> None:
        """Wait for a signal of this program; ProcessError if it does not come in time."""
        leader = self._launched().leader
        if awaited.wait(leader, timeout_s):
            return
        if leader.gone(0):
            raise ProcessError(f"{self.name} ended before it was {awaited.meaning}; its log is {self.log}")
        raise ProcessError(f"{self.name} is not {awaited.meaning} after {timeout_s:g} s; its log is {self.log}")

    def take_over(self) -> None:
        """Have one that stands by serve; it does on return. ProcessError if it does not."""
        if self._process is None:
            self._launch()
        else:
            self._begin(self._process)
        self.await_ready(START_WITHIN_S)

    def ask_to_stop(self) -> None:
        """Tell it to end; does not wait."""
        if self._command.stops_at_end_of_input and self._process and self._process.stdin:
            self._process.stdin.close()
        else:
            self.signal(signal.SIGTERM)

    def final_report(self, timeout_s: float) -> Stopped | None:
        """Wait until it has ended, at most so long; it reports nothing. ProcessError if it ended otherwise than asked.

        What it started and left behind does not count as ended.
        """
        if self.gone(timeout_s) and (code := self._exit_code()) not in _CLEAN:
            raise ProcessError(f"{self.name} ended with exit code {code}; its log is {self.log}")
        return None

    def intact(self) -> bool:
        """Whether it has not ended."""
        return self._group is not None and not self._group.leader.gone(0)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it and to all that it started; those that are gone need none."""
        if self._group:
            self._group.send(number)

    def gone(self, timeout_s: float) -> bool:
        """Wait until it and all that it started have ended, at most so long; whether they have."""
        return self._group is None or self._group.gone(timeout_s)

    def states(self) -> set[str]:
        """The letters of proc_pid_stat(5) for its threads and those of all that it started."""
        return self._group.states() if self._group else set()

    def close(self) -> None:
        """Let go of a program that has ended, or that was never launched; idempotent."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
        if self._process and self._group and self._group.gone(0):
            self._group.close()
            self._group = None
            self._process.wait()
        if self._command.output:
            self._command.output.close()

    def _launch(self) -> None:
        command = self._command
        speaks_to_it = command.stops_at_end_of_input or command.standing_by
        with self.log.open("ab") as log:
            try:
                self._process = subprocess.Popen(
                    command.argv,
                    bufsize=0,
                    stdin=subprocess.PIPE if speaks_to_it else subprocess.DEVNULL,
                    stdout=command.output.writer if command.output else log,
                    stderr=log,
                    env={**os.environ, **command.environment},
                    start_new_session=True,
                )
            except OSError as error:
                raise ProcessError(f"{self.name} cannot be started: {error}") from error
        self._group = ProcessGroup(self._process.pid)
        if command.output:
            command.output.started()

    def _launched(self) -> ProcessGroup:
        if self._group is None:
            raise ProcessError(f"{self.name} was not launched yet")
        return self._group

    def _begin(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is None:
            raise ProcessError(f"{self.name} cannot be told to begin")
        try:
            process.stdin.write(b"\n")
        except OSError as error:
            raise ProcessError(f"{self.name} has ended; its log is {self.log}") from error

    def _exit_code(self) -> int | None:
        """Of a program that has ended; negative if a signal ended it. Unreaped (WNOWAIT), its number stays its own."""
        if self._process is None:
            return None
        found = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        if found is None:
            return None
        return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
