"""What a run says of the error that ended it."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest

from hostio.commands import CommandError
from results.run_files.events import End
from scenarios.run.ends import attempt
from scenarios.supervision.processes import ProcessBugError, ProcessError

ROOT = Path("/runs/one")
WHOLE = End(at_ns=9, media_end_ns=7, interrupted=False)


def raising(error: Exception) -> NoReturn:
    raise error


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_full_or_broken_disk_is_named_and_no_error_of_ours(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    error = OSError(number, os.strerror(number), str(ROOT / "events.jsonl"))
    end = attempt(lambda: raising(error), ROOT)
    assert end.failure == f"events.jsonl cannot be written: {os.strerror(number)}"
    assert capsys.readouterr().err == ""


def test_a_removed_directory_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    error = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(ROOT / "staging" / "fates.npy"))
    assert attempt(lambda: raising(error), ROOT).failure == (
        "staging/fates.npy cannot be written: No such file or directory"
    )
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("error", [ProcessError("relay-us-east has ended"), CommandError(["ip"], 1, "no such device")])
def test_an_expected_error_is_told_in_its_own_words(error: Exception) -> None:
    end = attempt(lambda: raising(error), ROOT)
    assert (end.failure, end.bug) == (str(error), False)


def test_a_bug_in_another_process_is_one_of_the_run() -> None:
    end = attempt(lambda: raising(ProcessBugError("relay-us-east: a bug")), ROOT, WHOLE)
    assert (end.media_end_ns, end.failure, end.bug) == (7, "relay-us-east: a bug", True)


@pytest.mark.parametrize("error", [ValueError("?"), OSError(errno.EADDRINUSE, "Address already in use")])
def test_any_other_error_is_ours_with_its_traceback(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    end = attempt(lambda: raising(error), ROOT)
    assert (end.failure, end.bug) == ("a bug in Blipnet itself; the traceback is in logs/runner.log", True)
    assert "Traceback" in capsys.readouterr().err


def test_what_was_reached_stays_and_the_first_failure_counts() -> None:
    """A collection that fails does not move the end of the media, nor hide why they ended."""
    first = attempt(lambda: raising(ProcessError("first")), ROOT, WHOLE)
    assert (first.media_end_ns, first.failure) == (7, "first")
    assert attempt(lambda: raising(ProcessError("second")), ROOT, first).failure == "first"
    assert attempt(lambda: WHOLE, ROOT) == WHOLE
