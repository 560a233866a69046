"""The way in. Runs the command line, and turns every way in which it can end into an exit code and at most one line.

Imports no module that needs a library until it can report that one cannot be imported.
"""

from __future__ import annotations

import errno
import importlib.util
import signal
import sys
from types import FrameType
from typing import NoReturn

from scenarios.cli.bug_report import report_bug
from scenarios.cli.exit_codes import ExitCode
from scenarios.cli.standard_streams import OutputLostError, wrapped_streams
from scenarios.errors import BugError

_OF_FILES = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS))
"""Errors that come from files alone."""

_OF_NAMED_FILES = frozenset((errno.EACCES, errno.EPERM))
"""Errors that come from files if they name one."""


def main() -> int:
    """Run the command line of sys.argv and return the exit code. SIGTERM is handled like SIGINT, to keep records."""
    signal.signal(signal.SIGTERM, _interrupt)
    with wrapped_streams() as output:
        code = _ended()
        lost = output.finish()
        if lost is None:
            return code
        if lost.errno == errno.EPIPE:
            return ExitCode.NO_READER
        _say(f"standard output: {lost.strerror}")
        return ExitCode.IO_ERROR


def _ended() -> int:
    """The command's exit code. An error that the command does not know is a bug, unless it is one of files."""
    try:
        # Here, because an import can fail, or be interrupted.
        from scenarios.commands.root import run_command

        return run_command()
    except ModuleNotFoundError as error:
        if (package := _missing_package(error)) is None:
            _say(report_bug(error))
            return ExitCode.BUG
        _say(f"the project's environment lacks {package}; run scripts/setup first")
        return ExitCode.BAD_INPUT
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except OutputLostError:
        return ExitCode.IO_ERROR
    except BugError as error:
        _say(str(error))
    except Exception as error:
        if isinstance(error, OSError) and _is_of_a_file(error):
            _say(f"{error.filename or 'a file'}: {error.strerror}")
            return ExitCode.IO_ERROR
        _say(report_bug(error))
    return ExitCode.BUG


def _missing_package(error: ModuleNotFoundError) -> str | None:
    """The library that is not installed; None if what was not found is a part of one, or of this project."""
    name = error.name or ""
    return name if name.isidentifier() and importlib.util.find_spec(name) is None else None


def _is_of_a_file(error: OSError) -> bool:
    return error.errno in _OF_FILES or (error.errno in _OF_NAMED_FILES and error.filename is not None)


def _say(line: str) -> None:
    print(f"run_scenario.py: {line}", file=sys.stderr)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
