"""Plays one run with the command line, for benchmarks that need its summary."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from results.run_files.documents import read
from results.run_files.machine import MACHINE_SAMPLE
from results.run_files.records import read_rows
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary
from results.verdict.verdict import OTHERS_PERCENT, STOLEN_PERCENT
from scenarios.cli.exit_codes import VERDICT_CODES, ExitCode
from scenarios.paths import PROJECT

ATTEMPTS = 3
"""How often a scenario is played at most, until nothing disturbs the run."""

ON_THE_VIRTUAL_CLOCK = ("--vm", "--clock", "virtual", "--set", "emulation.clock_shift=0")
"""Options of a run with netem and the kernel's Open vSwitch, of a nanosecond per instruction."""


class RefusedError(Exception):
    """A scenario is not taken, such as with a relay kind; the message is what the command line said."""


class FailedError(Exception):
    """A run ended without a verdict; the message is the last line that the command line said."""


def play(argv: Sequence[str], name: str, within_s: float | None = None) -> None:
    """Run a command of `run_scenario.py` until it has a verdict. RefusedError, FailedError, which begins with `name`;
    so it does if it takes longer than `within_s`."""
    try:
        ended = subprocess.run(
            argv, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=within_s
        )
    except subprocess.TimeoutExpired:
        raise FailedError(f"{name}: ended after {within_s:g} s without a verdict") from None
    if ended.returncode == ExitCode.BAD_INPUT:
        raise RefusedError(ended.stderr.strip())
    if ended.returncode not in VERDICT_CODES.values():
        raise FailedError(f"{name}: {ended.stderr.strip()[-200:]} (exit code {ended.returncode})")


def undisturbed(scenario: str, name: str, folder: Path, options: Sequence[str] = ()) -> tuple[RunDir, Summary]:
    """The first run of a scenario of that text that nothing disturbs, of at most ATTEMPTS, or the last. All are below
    `folder`, which is made. RefusedError, FailedError, DocumentError."""
    folder.mkdir()
    file = folder / "scenario.yaml"
    file.write_text(scenario, encoding="utf-8")
    for attempt in range(ATTEMPTS):
        runs = folder / str(attempt)
        play([sys.executable, str(PROJECT / "run_scenario.py"), "run", str(file), "--out", str(runs), *options], name)
        run = run_below(runs)
        summary = read(Summary, run.summary)
        if not disturbed(summary):
            break
    return run, summary


def run_below(runs: Path) -> RunDir:
    """The only run in a folder of runs."""
    (root,) = runs.glob("*/*")
    return RunDir(root)


def summary_below(runs: Path) -> Summary:
    """The summary of the only run in a folder of runs. DocumentError."""
    return read(Summary, run_below(runs).summary)


def disturbed(summary: Summary) -> bool:
    """Whether a run was undecided, or others took so much of the processor that its figures may not be the relay's."""
    return summary.verdict == "inconclusive" or others_took(summary)


def others_took(summary: Summary) -> bool:
    """Whether other programs, or the machine's own host, took the processor."""
    machine = summary.machine
    return bool(machine and (machine.others.percent >= OTHERS_PERCENT or machine.stolen.percent >= STOLEN_PERCENT))


def cores_used(run: RunDir) -> float:
    """Processor time of the run's processes while it was watched, in cores. RecordsError."""
    samples = read_rows(run.machine_samples, MACHINE_SAMPLE)
    took_ns = int(samples["at_ns"][-1] - samples["at_ns"][0])
    return float(samples["own_ns"][-1] - samples["own_ns"][0]) / took_ns
