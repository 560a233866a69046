"""One scenario in a machine of its own; its run directory is brought back."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from signal import SIGINT
from tempfile import TemporaryDirectory

from scenarios.errors import MachineError
from scenarios.paths import PROJECT
from scenarios.vm.build import Tell
from scenarios.vm.guest import Task
from scenarios.vm.machine import Clock
from scenarios.vm.run import run_in_machine

_RUNS = Path("/runs")
"""In the machine. Like everything there the same for every run, or two of them would differ."""

_BY_SIGNAL = 128
"""A shell adds it to the number of the signal that ended a command."""

_RUN = re.compile(rf"{_RUNS}/[^/\s]+/[^/\s]+")


def run_scenario_in_machine(file: Path, options: list[str], root: Path, clock: Clock, tell: Tell) -> int:
    """The exit code of a run of a scenario file, of which `root`, a new folder, becomes the run directory.

    MachineError as `run_in_machine`, and if the run did not come to its end.
    """
    reads = () if PROJECT in file.parents else (file,)
    argv = ("run_scenario.py", "run", str(file), "--out", str(_RUNS), *options)
    with TemporaryDirectory(prefix="blipnet-runs-") as folder:
        runs = Path(folder)
        task = Task((sys.executable, *argv), _RUNS, reads)
        code = run_in_machine(task, clock, lambda line: tell(_RUN.sub(str(root), line)), runs)
        for made in runs.glob("*/*"):
            shutil.copytree(made, root)
        if code > _BY_SIGNAL + SIGINT:
            died = f"the run in the virtual machine died of signal {code - _BY_SIGNAL}"
            raise MachineError(f"{died}; what it recorded is in {root}")
        return code
