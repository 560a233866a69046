"""What is left of an error in Blipnet itself: a file with its traceback, and a line for the terminal.

Imports no module that needs a library: the error may be that one cannot be imported.
"""

from __future__ import annotations

import os
import platform
import secrets
import shlex
import sys
import tempfile
import traceback
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from scenarios.errors import printable
from scenarios.vm.machine import CLOCK_VARIABLE

_LONGEST = 200
"""Of an error's message in the line for the terminal, characters."""


def report_bug(error: BaseException, logs: Path | None = None) -> str:
    """Write an error's traceback to a file and give the line that says what it is and where that file lies.

    The file goes into `logs`, a run's folder of logs, else to where temporary files go. If neither can be written, and
    in a virtual machine, whose files vanish with it, the traceback follows the line instead.
    """
    what = f"a bug in Blipnet itself: {_message(error)}"
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    for folder in _folders(logs):
        path = folder / f"blipnet-bug-{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}.txt"
        if _written(path, f"{_circumstances()}\n\n{text}"):
            return f"{what}; the traceback is in {path}"
    return f"{what}; the traceback:\n{text.rstrip()}"


def _message(error: BaseException) -> str:
    (*_, last) = traceback.format_exception_only(type(error), error)
    return printable(" ".join(last.split()))[:_LONGEST]


def _folders(logs: Path | None) -> Iterator[Path]:
    if logs is not None:
        yield logs
    if CLOCK_VARIABLE not in os.environ:
        try:
            yield Path(tempfile.gettempdir())
        except OSError:
            return


def _written(path: Path, text: str) -> bool:
    """Write a new file, whole or not at all; whether that was possible."""
    try:
        with path.open("x", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        path.unlink(missing_ok=True)
        return False
    return True


def _circumstances() -> str:
    return f"{shlex.join(sys.argv)}\nPython {platform.python_version()}, {platform.platform()}"
