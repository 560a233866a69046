"""The exit codes of the command line, and what each means. Pure."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from enum import IntEnum

_OF_A_SIGNAL = 128
"""A shell's exit code for a program that a signal ended, less the signal's number (sh(1))."""


class ExitCode(IntEnum):
    """How a command ended, the less severe first. Numbers that are no verdicts are those of sysexits.h and sh(1)."""

    PASS = 0
    INCONCLUSIVE = 3
    FAIL = 1
    BAD_INPUT = 2
    IO_ERROR = os.EX_IOERR
    BUG = os.EX_SOFTWARE
    INTERRUPTED = _OF_A_SIGNAL + signal.SIGINT
    NO_READER = _OF_A_SIGNAL + signal.SIGPIPE


VERDICT_CODES = {"pass": ExitCode.PASS, "fail": ExitCode.FAIL, "inconclusive": ExitCode.INCONCLUSIVE}
"""Exit codes of verdicts."""

MEANINGS = {
    ExitCode.PASS: "pass",
    ExitCode.FAIL: "a stated expectation failed",
    ExitCode.BAD_INPUT: "bad usage, bad scenario, or a machine that cannot run it; nothing was started",
    ExitCode.INCONCLUSIVE: "inconclusive: what the machine did, or what the records lack, leaves an expectation open",
    ExitCode.BUG: "a bug in Blipnet itself; one line names the file that has the traceback",
    ExitCode.IO_ERROR: "the output, or a file, cannot be written",
    ExitCode.INTERRUPTED: "interrupted; what was recorded is kept",
    ExitCode.NO_READER: "nobody reads the output any more, as with head; what was recorded is kept",
}
"""What each exit code means, in numeric order."""


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The most severe of several."""
    return max(codes, key=list(ExitCode).index)


def table() -> str:
    """All exit codes, a line each."""
    return "\n".join(("Exit codes:", *(f"  {code:<4}{meaning}" for code, meaning in MEANINGS.items())))
