"""Stacks of another program's threads: by gdb, by py-spy, or printed by the program itself at SIGQUIT.

Go and Java print the stacks of their threads at SIGQUIT; a Go program then ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from time import sleep
from typing import Literal

from hostio.stacks import catches

StackTool = Literal["gdb", "py-spy", "SIGQUIT"]
"""By what stacks are taken."""

_WITHIN_S = 10.0
_PRINTED_WITHIN_S = 1.0
_MOST_BYTES = 256 << 10
_MOST_FRAMES = 40

_GDB = ("-nx", "-batch", "-ex", "set pagination off", "-ex", f"thread apply all backtrace {_MOST_FRAMES}")
_FRAME = "hread "
"""In the output of gdb and of py-spy, above the frames of each thread."""

_NO_DOWNLOADS = {"DEBUGINFOD_URLS": "", "HOME": "/nonexistent"}
"""gdb fetches symbols from the network, and reads settings of the user, unless it is told not to."""


class StackError(Exception):
    """There are no stacks; the message, a part of a sentence, says why."""


def dump_stacks(tool: StackTool, pids: Sequence[int]) -> str:
    """The stacks of these processes, 256 KiB at most; takes 10 s at most for each.

    StackError if there are none; OSError for SIGQUIT if a standard error is no file. gdb stops a process while it
    reads, and lets it go on.
    """
    if tool == "SIGQUIT":
        return _printed(pids)
    path = shutil.which(tool) or shutil.which(tool, path=str(Path(sys.executable).parent))
    if path is None:
        raise StackError(f"{tool} is not installed")
    return _cut("\n".join(_run(_command(path, tool, pid), pid) for pid in pids))


def _command(path: str, tool: StackTool, pid: int) -> list[str]:
    return [path, *_GDB, "-p", str(pid)] if tool == "gdb" else [path, "dump", "--nonblocking", "--pid", str(pid)]


def _run(command: Sequence[str], pid: int) -> str:
    environment: Mapping[str, str] = {**os.environ, **_NO_DOWNLOADS}
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            timeout=_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        # One that was stopped to be read stays so when its reader is killed.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        raise StackError(f"{Path(command[0]).name} did not come to an end within {_WITHIN_S:g} s") from error
    text = done.stdout.decode(errors="replace")
    if done.returncode or _FRAME not in text:
        raise StackError(f"{Path(command[0]).name} failed: {(text.strip().splitlines() or [''])[-1]}")
    return f"process {pid}\n{text}"


def _printed(pids: Sequence[int]) -> str:
    """What the processes add to the files of their standard error within a second of the signal."""
    asked = [pid for pid in pids if catches(pid, signal.SIGQUIT)]
    if not asked:
        raise StackError("it does not handle SIGQUIT, and would only end")
    with ExitStack() as stack:
        # Opened before the signal: a Go program is gone after it.
        logs = [stack.enter_context(Path(f"/proc/{pid}/fd/2").open("rb")) for pid in asked]
        for log in logs:
            log.seek(0, os.SEEK_END)
        for pid in asked:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
        sleep(_PRINTED_WITHIN_S)
        text = "".join(log.read(_MOST_BYTES).decode(errors="replace") for log in logs)
    if not text:
        raise StackError("it printed nothing at SIGQUIT")
    return _cut(text)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_BYTES else text[:_MOST_BYTES] + "\n(cut)\n"
