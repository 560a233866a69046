"""Runs whose relay programs have a core to themselves: what a relay does to media is then not the want of a core."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from scenarios.process_faults.confinement import is_of_a_program

_ALL_STARTED = "controller ready"
"""In what `run` says before the media start."""


def play_apart(argv: Sequence[str], cores: tuple[int, int]) -> None:
    """Run a command of `run_scenario.py` with all relay programs on the second of the cores, the rest on the first."""
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            if _ALL_STARTED in line:
                keep_apart(process.pid, cores)


def keep_apart(pid: int, cores: tuple[int, int]) -> None:
    """Pin all threads of a process and of what it started, by whether they are those of relay programs."""
    for each in _descendants(pid):
        for thread in _listed(f"/proc/{each}/task"):
            with suppress(ProcessLookupError):
                os.sched_setaffinity(thread, {cores[is_of_a_program(each)]})


def _descendants(pid: int) -> Iterator[int]:
    yield pid
    for thread in _listed(f"/proc/{pid}/task"):
        with suppress(OSError):
            for child in Path(f"/proc/{pid}/task/{thread}/children").read_text().split():
                yield from _descendants(int(child))


def _listed(folder: str) -> list[int]:
    with suppress(OSError):
        return [int(each.name) for each in Path(folder).iterdir()]
    return []
