"""Keeps what a plan was made of in the run directory, before the run."""

from __future__ import annotations

import shutil

from results.run_files.run_dir import RunDir
from scenarios.errors import ScenarioError
from scenarios.language.inputs import Arguments, collected
from scenarios.paths import unusable


def keep_inputs(arguments: Arguments | None, run: RunDir) -> None:
    """Keep what a plan was made of, where that is known. If it has become wrong since, as a file that was edited while
    a series of runs is played, nothing is kept.

    OutputError if the run directory, which is then removed, does not take it.
    """
    if arguments is None:
        return
    try:
        found = collected(arguments)
    except (ScenarioError, OSError):
        return
    try:
        for name, contents in found.items():
            path = run.inputs / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents)
    except OSError as error:
        shutil.rmtree(run.root, ignore_errors=True)
        raise unusable(run.root, error) from error
