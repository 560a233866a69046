"""Whole runs, as a user starts them, and what they leave."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

import jsonschema

PROJECT = Path(__file__).resolve().parent.parent
RUN_SCENARIO = PROJECT / "run_scenario.py"
ONE_BLIP = PROJECT / "scenarios" / "one-blip.yaml"
SCHEMA = json.loads((PROJECT / "results" / "summary.schema.json").read_text())

SMALL = ("--set", "sessions.0.count=10")


def start(*arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
    argv = [sys.executable, str(RUN_SCENARIO), *map(str, arguments)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


def summary_of(runs: Path, scenario: str = "one-blip") -> tuple[Path, dict[str, Any]]:
    (run,) = (runs / scenario).iterdir()
    summary = json.loads((run / "summary.json").read_text())
    jsonschema.validate(summary, SCHEMA)
    return run, summary


def written(runs: Path, name: str) -> str:
    return "".join(path.read_text() for path in runs.glob(f"*/*/{name}"))


def wait_until(predicate: Callable[[], bool]) -> None:
    deadline = monotonic() + 60
    while not predicate():
        assert monotonic() < deadline, "it never came to that"
        select.select([], [], [], 0.005)


def descendants(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in task.read_text().split():
                yield from descendants(int(child))


def held(pids: Iterable[int]) -> Iterator[int]:
    """A descriptor of each process that is still there: a command of the run may have ended meanwhile."""
    for pid in pids:
        with suppress(ProcessLookupError):
            yield os.pidfd_open(pid)


def command_name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()
