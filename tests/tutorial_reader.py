"""A reader of a page with commands, who types all of them, with a home that is empty."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from project_names import PROJECT, files
from run_record import InconclusiveError, RunRecord
from tutorial_page import Step, missing_line, steps

END_OF_STEP = "end of step\n"

SUDO = '#!/bin/sh\n[ "$1" != -n ] || shift\n[ "$1" != -- ] || shift\nexec "$@"\n'
"""The test is root, and a machine may have no sudo."""


def read(
    page: Path,
    reader: Path,
    runs: RunRecord,
    within_s: float,
    inconclusive: str,
    environ: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    """Play a page, which leaves the checkout as it is, and enter its runs; the verdicts of those that have one.

    If a step prints the text that says so, it is played once more, alone: InconclusiveError if it prints that again.
    AssertionError if it prints other things than the page.
    """
    try:
        return _read(page, reader / "first", runs, within_s, inconclusive, environ)
    except InconclusiveError:
        runs.alone()
        return _read(page, reader / "alone", runs, within_s, inconclusive, environ)


def _read(
    page: Path,
    reader: Path,
    runs: RunRecord,
    within_s: float,
    inconclusive: str,
    environ: Mapping[str, str],
) -> list[str]:
    before, played = files_of_the_checkout(), [*steps(page)]
    printed = printed_for(reader, played, within_s, environ)
    summaries = summaries_of(reader)
    for summary in summaries:
        runs.enter(summary)
    for step, output in zip(played, printed, strict=True):
        if inconclusive in output:
            raise InconclusiveError(output)
        assert missing_line(step.shown, output) is None, output
    assert files_of_the_checkout() == before
    return [each["verdict"] for each in summaries if each["verdict"] != "inconclusive"]


def printed_for(
    reader: Path, played: Sequence[Step], within_s: float, environ: Mapping[str, str] = MappingProxyType({})
) -> list[str]:
    """What a shell prints for each step; it begins in the checkout, and `reader` is the home of who types."""
    programs = reader / "bin"
    programs.mkdir(parents=True)
    (programs / "sudo").write_text(SUDO)
    (programs / "sudo").chmod(0o755)
    told = {**os.environ, "HOME": str(reader), "PATH": f"{programs}:{os.environ['PATH']}", **environ}
    script = "".join(f"{step.commands}\necho {END_OF_STEP}" for step in played)
    shell = subprocess.run(
        ["bash", "-c", script],
        cwd=PROJECT,
        env=told,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=within_s,
        check=True,
    )
    return shell.stdout.split(END_OF_STEP)[:-1]


def files_of_the_checkout() -> set[str]:
    """Its files and run directories, each with the time of its last change; not what pip leaves beside packages."""
    paths = [
        *(path for path in files() if not path.parent.name.endswith(".egg-info")),
        *(PROJECT / "results" / "runs").glob("*/*"),
    ]
    return {f"{path} {path.stat().st_mtime_ns}" for path in paths}


def summaries_of(reader: Path) -> list[dict[str, Any]]:
    """Those of all runs, in the order in which they were played."""
    paths = sorted(reader.rglob("summary.json"), key=lambda path: path.stat().st_mtime_ns)
    return [json.loads(path.read_text()) for path in paths]
