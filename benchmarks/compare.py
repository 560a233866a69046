"""Whether the fix is better than the regression: `scripts/bench compare [RUNS [SCENARIO [FIRST OTHER]]]`.

Plays a scenario with two relay kinds, so often each, with the command line, and prints what `compare` says of them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.playing import FailedError, RefusedError, play
from scenarios.cli.exit_codes import ExitCode
from scenarios.language.library import LIBRARY
from scenarios.paths import PROJECT

RUNS = 10
SCENARIO = LIBRARY / "suite" / "cold-burst.yaml"
KINDS = ("2026-05-11", "2026-05-20")
"""The regression, and the fix."""

_COMMAND = (sys.executable, str(PROJECT / "run_scenario.py"))


def main(arguments: list[str]) -> int:
    """Play both sets and compare them. The exit code is that of `compare`; of a run that could not be played, that of
    bad usage."""
    given = dict(enumerate(arguments))
    runs, scenario = int(given.get(0, RUNS)), Path(given.get(1, SCENARIO)).resolve()
    kinds = (given.get(2, KINDS[0]), given.get(3, KINDS[1]))
    with tempfile.TemporaryDirectory(prefix="blipnet-bench-") as folder:
        try:
            for kind in kinds:
                print(f"{runs} runs of {scenario.stem} with {kind}", flush=True)
                play(command(scenario, kind, runs, Path(folder)), kind)
        except (FailedError, RefusedError) as error:
            print(error, file=sys.stderr)
            return ExitCode.BAD_INPUT
        return subprocess.run(
            [*_COMMAND, "compare", *(Path(kind).name for kind in kinds)], cwd=folder, check=False
        ).returncode


def command(scenario: Path, kind: str, runs: int, folder: Path) -> list[str]:
    """The command that plays a set, into a folder that is called as the relay kind."""
    played = [*_COMMAND, "run", str(scenario), "--relay", kind, "--repeat", str(runs)]
    return [*played, "--out", str(folder / Path(kind).name)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
