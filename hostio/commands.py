"""Runs commands given as argument lists; a failure raises CommandError with all that the command wrote to stderr."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

_TIMEOUT_S = 30

Command = list[str]
"""A program and its arguments."""


class CommandError(Exception):
    """A command failed: `argv`, `exit_code` (negative: the signal that ended it) and what it wrote to `stderr`."""

    def __init__(self, argv: Sequence[str], exit_code: int, stderr: str) -> None:
        super().__init__(f"{' '.join(argv)}: exit code {exit_code}: {stderr.strip()}")
        self.argv = tuple(argv)
        self.exit_code = exit_code
        self.stderr = stderr


def run(argv: Sequence[str], stdin: str = "") -> str:
    """Run a command and return its standard output. CommandError if it fails, is missing or takes more than 30 s."""
    return _run(argv, stdin, None, _TIMEOUT_S)


def run_in(folder: Path, argv: Sequence[str], timeout_s: float = 600) -> str:
    """As `run`, in another working folder and with its own time limit: for downloads and archives."""
    return _run(argv, "", folder, timeout_s)


def _run(argv: Sequence[str], stdin: str, folder: Path | None, timeout_s: float) -> str:
    try:
        done = subprocess.run(
            argv, input=stdin, cwd=folder, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except (FileNotFoundError, PermissionError) as missing:
        raise CommandError(argv, 127, str(missing)) from missing
    except subprocess.TimeoutExpired as late:
        raise CommandError(argv, 124, f"not done after {timeout_s:g} s") from late
    if done.returncode != 0:
        raise CommandError(argv, done.returncode, done.stderr)
    return done.stdout


def run_batch(commands: Sequence[Command]) -> None:
    """Run commands of one program that reads `-batch -` (ip, tc, bridge) in one process. CommandError if one fails."""
    if commands:
        run([commands[0][0], "-batch", "-"], stdin=batch_lines(commands))


def batch_lines(commands: Iterable[Command]) -> str:
    """The commands as input of `-batch -`: a line each, without the program's name."""
    return "".join(" ".join(command[1:]) + "\n" for command in commands)


def tc_replace(interface: str, *qdisc: str) -> Command:
    """Add a queueing discipline, or change it in place if one with that handle exists."""
    return ["tc", "qdisc", "replace", "dev", interface, *qdisc]


def tc_delete(interface: str, *qdisc: str) -> Command:
    """Remove a queueing discipline."""
    return ["tc", "qdisc", "del", "dev", interface, *qdisc]
