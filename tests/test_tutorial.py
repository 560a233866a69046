"""The tutorial for those who bring a relay of their own, as a reader plays it in an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from project_names import files
from run_lab import PROJECT
from run_record import InconclusiveError, RunRecord
from tutorial_page import Step, missing_line, steps

PAGE = PROJECT / "docs" / "your-relay.md"
WITHIN_S = 900
END_OF_STEP = "end of step\n"

SUDO = '#!/bin/sh\nexec "$@"\n'
"""The test is root, and a machine may have no sudo."""


def printed_for(reader: Path, played: Sequence[Step]) -> list[str]:
    """What a shell prints for each step; it begins in the checkout, and `reader` is the home of who types."""
    programs = reader / "bin"
    programs.mkdir(parents=True)
    (programs / "sudo").write_text(SUDO)
    (programs / "sudo").chmod(0o755)
    told = {**os.environ, "HOME": str(reader), "PATH": f"{programs}:{os.environ['PATH']}"}
    script = "".join(f"{step.commands}\necho {END_OF_STEP}" for step in played)
    shell = subprocess.run(
        ["bash", "-c", script],
        cwd=PROJECT,
        env=told,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=WITHIN_S,
        check=True,
    )
    return shell.stdout.split(END_OF_STEP)[:-1]


def files_of_the_checkout() -> set[str]:
    """Its files and run directories, each with the time of its last change."""
    paths = [*files(), *(PROJECT / "results" / "runs").glob("*/*")]
    return {f"{path} {path.stat().st_mtime_ns}" for path in paths}


def summaries_of(reader: Path) -> list[dict[str, Any]]:
    """Those of all runs, in the order in which they were played."""
    paths = sorted(reader.rglob("summary.json"), key=lambda path: path.stat().st_mtime_ns)
    return [json.loads(path.read_text()) for path in paths]


@pytest.mark.root
@pytest.mark.long
@pytest.mark.timeout(WITHIN_S)
def test_a_reader_sees_what_the_page_says(runs: RunRecord, tmp_path: Path) -> None:
    """From the template to a relay that a burst takes down, and to one that stands it."""
    before, played = files_of_the_checkout(), [*steps(PAGE)]
    printed = printed_for(tmp_path, played)
    summaries = summaries_of(tmp_path)
    for summary in summaries:
        runs.enter(summary)
    for step, output in zip(played, printed, strict=True):
        if "exit code 3\n" in output:
            raise InconclusiveError(output)
        assert missing_line(step.shown, output) is None, output
    assert [each["verdict"] for each in summaries if each["verdict"] != "inconclusive"] == ["fail", "pass"]
    assert files_of_the_checkout() == before


def test_figures_may_differ_and_words_may_not() -> None:
    printed = "first\nlongest  1 368 ms (1 042 … 1 494)\n2 of 3 lost\nexit code 1\n"
    assert missing_line(("first", "longest 527.3 ms", "…", "exit code 1"), printed) is None
    assert missing_line(("…", "20 of 30 lost", "exit code 1"), printed) is None
    assert missing_line(("first", "20 of 30 lost"), printed) == "20 of 30 lost", "another line comes between them"
    assert missing_line(("…", "exit code 0"), printed) == "exit code 0"
    assert missing_line(("…", "exit code 1", "first"), printed) == "first"
    assert missing_line(("…", "longest 527.3 s"), printed) == "longest 527.3 s"
