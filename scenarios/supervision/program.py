"""A program that is started from a command line: the controller, Redis, and foreign programs.

A ready signal of its own tells that it serves. It is stopped by SIGTERM to its process group, or by the end of its
standard input. Exit code 0 and death by SIGTERM are clean ends.
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
from hostio.realtime import favour_session, set_program_priority
from scenarios.supervision.processes import START_WITHIN_S, ProcessError
from scenarios.supervision.ready_signals import OutputLines, ReadySignal

_CLEAN = (0, -signal.SIGTERM)
_KEPT_VARIABLES = ("PATH", "LANG")
_LAST_BYTES = 4096
_LONGEST_WORDS = 200


@dataclass(frozen=True, slots=True)
class CommandLine:
    """How a program is started, tells that it is ready, and is stopped.

    A program that can stand by gives the signal `standing_by`, and begins to serve at the first byte of its standard
    input. `output` becomes its standard output; without it, that goes to the log. `environment` is added to ours or,
    unless it `inherits_environment`, to PATH and LANG alone. It runs in `folder`, without one in ours; `realtime`: with
    the priority of what reacts to packets. `clean_codes`: exit codes of a clean end, besides 0 and death by SIGTERM.
    """

    argv: Sequence[str]
    ready: ReadySignal
    environment: Mapping[str, str] = field(default_factory=dict)
    standing_by: ReadySignal | None = None
    output: OutputLines | None = None
    stops_at_end_of_input: bool = False
    folder: Path | None = None
    inherits_environment: bool = True
    realtime: bool = False
    clean_codes: tuple[int, ...] = ()


class Program:
    """A life of a program. One that is to stand by, but whose command cannot, is launched when it takes over.

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
        """Number of the launched process, the leader of its process group."""
        return self._launched().leader.pid

    def pids(self) -> tuple[int, ...]:
        """Numbers of its process and of all that it started in its group."""
        return self._group.pids() if self._group else ()

    def await_ready(self, timeout_s: float) -> None:
        """Wait until it serves; ProcessError if it does not in time."""
        self.await_signal(self._command.ready, timeout_s)

    def await_standing_by(self, timeout_s: float) -> None:
        """Wait until it stands by, if it can."""
        if self._command.standing_by:
            self.await_signal(self._command.standing_by, timeout_s)

    def await_signal(self, awaited: ReadySignal, timeout_s: float) -> None:
        """Wait for a signal of this program; ProcessError if it ends before, or after `timeout_s`."""
        leader = self._launched().leader
        if awaited.wait(leader, timeout_s):
            return
        if leader.gone(0):
            last = self.last_line()
            why = f"{self.name} ended before it was {awaited.meaning}{f' ({last})' if last else ''}"
            raise ProcessError(f"{why}; its log is {self.log}")
        within = f"{timeout_s:g} s" + (f" ({awaited.lacking})" if awaited.lacking else "")
        raise ProcessError(f"{self.name} is not {awaited.meaning} after {within}; its log is {self.log}")

    def take_over(self) -> None:
        """Have a program that stands by serve; it serves on return. ProcessError if it does not."""
        if self._process is None:
            self._launch()
        else:
            self._begin(self._process)
        self.await_ready(START_WITHIN_S)

    def ask_to_stop(self) -> None:
        """Ask it to end; does not wait."""
        if self._command.stops_at_end_of_input and self._process and self._process.stdin:
            self._process.stdin.close()
        else:
            self.signal(signal.SIGTERM)

    def final_report(self, timeout_s: float) -> Stopped | None:
        """Wait until it and all that it started have ended, at most `timeout_s`; None, as programs have no report.

        ProcessError if it has ended, and not cleanly.
        """
        if self.gone(timeout_s) and (code := self._exit_code()) not in (*_CLEAN, *self._command.clean_codes):
            if code == os.EX_IOERR:
                raise ProcessError(f"{self.name} could not write its records; its log is {self.log}")
            raise ProcessError(f"{self.name} ended with exit code {code}; its log is {self.log}")
        return None

    def ended_with(self) -> str:
        """How it has ended, in words."""
        code = self._exit_code()
        if code is None:
            return "it is running"
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name

    def intact(self) -> bool:
        """Whether it is running."""
        return self._group is not None and not self._group.leader.gone(0)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to its process group."""
        if self._group:
            self._group.send(number)

    def gone(self, timeout_s: float) -> bool:
        """Wait until it and all that it started have ended, at most `timeout_s`; whether they have."""
        return self._group is None or self._group.gone(timeout_s)

    def states(self) -> set[str]:
        """State letters (proc_pid_stat(5)) of its threads and of those of all that it started."""
        return self._group.states() if self._group else set()

    def close(self) -> None:
        """Close its pipes and, if it has ended, reap it; idempotent."""
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
        uses_input = command.stops_at_end_of_input or command.standing_by
        with self.log.open("ab") as log:
            try:
                self._process = subprocess.Popen(
                    command.argv,
                    bufsize=0,
                    stdin=subprocess.PIPE if uses_input else subprocess.DEVNULL,
                    stdout=command.output.writer if command.output else log,
                    stderr=log,
                    env={**(os.environ if command.inherits_environment else kept_variables()), **command.environment},
                    cwd=command.folder,
                    start_new_session=True,
                )
            except OSError as error:
                raise ProcessError(f"{self.name} cannot be started: {error}") from error
        favour_session(self._process.pid)
        if command.realtime:
            set_program_priority(self._process.pid)
        self._group = ProcessGroup(self._process.pid)
        if command.output:
            command.output.started()

    def _launched(self) -> ProcessGroup:
        if self._group is None:
            raise ProcessError(f"{self.name} was not launched yet")
        return self._group

    def _begin(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is None:
            raise ProcessError(f"{self.name} cannot be asked to begin")
        try:
            process.stdin.write(b"\n")
        except OSError as error:
            raise ProcessError(f"{self.name} has ended; its log is {self.log}") from error

    def last_line(self) -> str:
        """The last line of its log that is not blank, for a message; empty if there is none."""
        with self.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _LAST_BYTES))
            lines = log.read().decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return printable(last[:_LONGEST_WORDS])

    def _exit_code(self) -> int | None:
        """Exit code of a program that has ended, or the negative number of the signal that ended it; else None.

        WNOWAIT leaves it unreaped, so that its process number, and that of its group, cannot be used again.
        """
        if self._process is None:
            return None
        found = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        if found is None:
            return None
        return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status


def printable(text: str) -> str:
    """What a program said, with what a terminal would obey replaced."""
    return "".join(each if each.isprintable() else "?" for each in text)


def kept_variables() -> Mapping[str, str]:
    """The variables that a program has which does not inherit ours."""
    return {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
