"""A run of a sweep in a process of its own. Its standard input is its leash: when that is closed, be it because this
process was killed, it stops early, in good order.

It reads the plan from there, a line, and prints what came of it, a line. Its output goes to files without a name: a
pipe that nobody reads meanwhile would hold it up.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from time import time
from typing import IO

from hostio.machine_lock import BUSY
from results.comparison.values import RunValues
from results.run_files.document_error import DocumentError
from results.run_files.documents import dump_line, load
from results.run_files.plan import Plan
from scenarios.errors import MachineError
from scenarios.sweeps.execution import Ended, Lost, Played

_POLL_S = 0.2
_STOPS_WITHIN_S = 60.0
"""How long a run may take to write down what it has recorded."""

_VERDICTS = (0, 1, 3)
_MACHINE = (2, os.EX_IOERR)
"""Exit codes of a machine that cannot play: the plan itself was checked before."""

Say = Callable[[str], None]


def seconds_since(plan: Path) -> float:
    """How long ago a plan was written, which is the first that a run does once it has the machine."""
    return time() - plan.stat().st_mtime


@dataclass(frozen=True, slots=True)
class ChildResult:
    """What a run tells: its directory, how long it took, and its values."""

    root: str
    seconds: float
    values: RunValues


class ChildRun:
    """Begins to play a plan by a command, to which `--out` and a folder for the run directory are added. OSError."""

    def __init__(self, command: Sequence[str], key: str, plan: Plan, runs: Path) -> None:
        self._key = key
        self._output: IO[bytes] = TemporaryFile()  # noqa: SIM115 - they end with this object
        self._errors: IO[bytes] = TemporaryFile()  # noqa: SIM115
        self._waited = False
        self._process = subprocess.Popen(
            [*command, "--out", str(runs)],
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=self._errors,
            start_new_session=True,  # a terminal's interrupt is for the sweep, which stops the run by the leash
        )
        self._give(dump_line(plan).encode())

    def wait(self, cancelled: Callable[[], bool], say: Say) -> Ended | None:
        """Wait for the end, and say so if it has to wait for another run; None if it was cancelled. MachineError."""
        while not self._ended_within(_POLL_S):
            if cancelled():
                self.stop()
                return None
            self._tell_of_waiting(say)
        return self._outcome()

    def stop(self) -> None:
        """Have it stop in good order, or, if that takes too long or there is an interrupt, at once."""
        try:
            self._let_go()
            self._ended_within(_STOPS_WITHIN_S)
        finally:
            if self._process.poll() is None:
                self._process.kill()  # its sandbox dies with it
                self._process.wait()
            self._close()

    def _give(self, line: bytes) -> None:
        stdin = self._process.stdin
        try:
            if stdin:
                stdin.write(line)
                stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, and its exit code says why

    def _let_go(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()

    def _ended_within(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _tell_of_waiting(self, say: Say) -> None:
        if not self._waited and BUSY in _text(self._errors):
            self._waited = True
            say(BUSY)

    def _close(self) -> None:
        self._let_go()
        self._output.close()
        self._errors.close()

    def _outcome(self) -> Ended:
        code, machine = self._process.returncode, socket.gethostname()
        output, errors = _text(self._output), _text(self._errors)
        self._close()
        lines = [line.removeprefix("run_scenario.py: ") for line in errors.splitlines() if line.strip()]
        last = next((line for line in reversed(lines) if line != BUSY), "")
        if code in _MACHINE:
            raise MachineError(last or f"the run ended with exit code {code}")
        if code in _VERDICTS:
            try:
                told = load(ChildResult, output.strip(), "what the run told")
                return Played(self._key, machine, told.values, told.seconds)
            except DocumentError as error:
                last = last or str(error)
        return Lost(self._key, machine, last or _how_ended(code))


def _how_ended(code: int) -> str:
    return f"the run was ended by signal {-code}" if code < 0 else f"the run ended with exit code {code}"


def _text(file: IO[bytes]) -> str:
    size = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), size, 0).decode(errors="replace")
