"""Plays a scenario by the testbed's command, and finds the run directories that it made.

The only module that knows how the command is called, what its exit codes mean, and where it puts what it makes: in a
folder of its own for each call, so that nobody else's run can be taken for this one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from blipnet.errors import (
    BlipnetError,
    BugError,
    CommandError,
    InterruptedRunError,
    RefusedError,
    TestbedError,
)
from blipnet.testbed import Testbed

_VERDICTS = (0, 1, 3)
_REFUSED, _BUG, _INTERRUPTED = 2, 70, 130

_STOPS_WITHIN_S = 60.0
"""How long a run may take to write down what it has recorded."""

_INTERRUPTED_TOO_WITHIN_S = 10.0
"""A terminal interrupts the command as well: it has this long before it is told to end. Told twice, it keeps less."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to play: the command's arguments, as text."""

    scenario: str
    relay: str | None = None
    overrides: tuple[str, ...] = ()
    seed: int | None = None
    attempts: int = 1

    def arguments(self, out: Path) -> list[str]:
        """Those of the command, whose run directories go to `out`."""
        relay = [] if self.relay is None else [f"--relay={self.relay}"]
        seed = [] if self.seed is None else [f"--seed={self.seed}"]
        overrides = [f"--set={each}" for each in self.overrides]
        return ["run", f"--out={out}", f"--attempts={self.attempts}", *relay, *seed, *overrides, "--", self.scenario]


@dataclass(frozen=True, slots=True)
class Played:
    """The run directories of a scenario's attempts, in the order in which they were made, and what the command said."""

    paths: tuple[Path, ...]
    said: str


def override_texts(overrides: Mapping[str, object] | Iterable[str]) -> tuple[str, ...]:
    """`PATH=VALUE` for each override. Values that are no text become JSON, of which YAML takes all."""
    if isinstance(overrides, str):
        raise TypeError("set= takes a mapping, or an iterable of 'PATH=VALUE'")
    if not isinstance(overrides, Mapping):
        return tuple(overrides)
    return tuple(f"{path}={each if isinstance(each, str) else json.dumps(each)}" for path, each in overrides.items())


def play(testbed: Testbed, request: Request, out: Path) -> Played:
    """Play a scenario; its run directories lie in a new folder in `out`. Raises BlipnetError."""
    own = _new_folder(out, Path(request.scenario).stem)
    try:
        code, output, errors = _ended(testbed, request.arguments(own))
    finally:
        with suppress(OSError):
            own.rmdir()  # where nothing was started
    paths = _run_dirs(own)
    said = "\n".join(line.removeprefix("run_scenario.py: ") for line in errors.strip().splitlines()) or output.strip()
    if code in _VERDICTS and paths:
        return Played(paths, said)
    raise _error(code, said, by_sudo=testbed.sudo)


def _new_folder(out: Path, stem: str) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f"{stem}-", dir=out.resolve()))
    except OSError as error:
        raise CommandError(f"{out}: {error.strerror}; say with out= where run directories may go") from error


def _error(code: int, said: str, *, by_sudo: bool) -> BlipnetError:
    """What an exit code without a verdict means; sudo has none of its own but 1."""
    if code == _REFUSED or (by_sudo and said.startswith("sudo:")):
        return RefusedError(said)
    if code == _BUG:
        return BugError(said)
    if code == _INTERRUPTED:
        return InterruptedRunError(said or "the run was interrupted")
    return CommandError(said or f"the command ended with exit code {code} and said nothing")


def _run_dirs(own: Path) -> tuple[Path, ...]:
    """Those below a folder, by when they were begun: a plan is written once, and first of all."""
    plans = sorted(own.glob("*/*/plan.json"), key=lambda path: path.stat().st_mtime_ns)
    return tuple(path.parent for path in plans)


def _ended(testbed: Testbed, arguments: list[str]) -> tuple[int, str, str]:
    """Exit code, output and errors of the command. If the caller is kept from waiting for it, it ends in good order."""
    argv = testbed.argv(*arguments)
    try:
        command = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="backslashreplace",
        )
    except OSError as error:
        raise TestbedError(f"{argv[0]}: {error.strerror}") from error
    with command:
        try:
            output, errors = command.communicate()
        except KeyboardInterrupt:
            _end(command, after_s=_INTERRUPTED_TOO_WITHIN_S)
            raise
        except BaseException:
            _end(command)
            raise
    return command.returncode, output, errors


def _end(command: subprocess.Popen[str], after_s: float = 0.0) -> None:
    """Have the command end by itself, or after a while by a signal."""
    for signum, within_s in ((None, after_s), (signal.SIGTERM, _STOPS_WITHIN_S), (signal.SIGKILL, _STOPS_WITHIN_S)):
        if signum is not None:
            _signal(command, signum)
        with suppress(subprocess.TimeoutExpired):
            command.communicate(timeout=within_s)
            return


def _signal(command: subprocess.Popen[str], signum: signal.Signals) -> None:
    """Signal the command; if it is sudo's, which is not ours to signal, what sudo has started."""
    try:
        os.kill(command.pid, signum)
    except PermissionError:
        subprocess.run(["sudo", "-n", "--", "pkill", f"-{signum.value}", "-P", str(command.pid)], check=False)
