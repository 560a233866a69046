"""Fidelity of this machine: `scripts/bench fidelity [TIMES [SCENARIO]]`.

Runs a scenario repeatedly with the command line, and prints each check's limit with the median and the worst value
found. On an idle machine every run should be conclusive.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from results.fidelity.checks import FidelityCheck
from results.run_files.documents import read
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary
from scenarios.cli.console import Console
from scenarios.cli.exit_codes import ExitCode
from scenarios.language.library import LIBRARY
from scenarios.paths import PROJECT

TIMES = 10
SCENARIO = LIBRARY / "one-blip.yaml"
COLUMNS = ("check", "limit", "median", "worst", "broken")


def main(arguments: list[str]) -> int:
    """Print a line per run and the table. Returns the exit code, that of an inconclusive run if there was one."""
    times = int(arguments[0]) if arguments else TIMES
    scenario = Path(arguments[1]).resolve() if len(arguments) > 1 else SCENARIO
    summaries = []
    with tempfile.TemporaryDirectory(prefix="blipnet-bench-") as folder:
        for number in range(times):
            summary = run_scenario(scenario, Path(folder) / str(number))
            summaries.append(summary)
            print(f"run {number + 1} of {times}: {run_line(summary)}", flush=True)
    conclusive = sum(summary.verdict != "inconclusive" for summary in summaries)
    print()
    Console().show_rows(COLUMNS, table([summary.fidelity for summary in summaries]))
    print(f"\n{conclusive} of {times} runs were conclusive")
    return ExitCode.PASS if conclusive == times else ExitCode.INCONCLUSIVE


def run_scenario(scenario: Path, runs: Path) -> Summary:
    """Run a scenario with the command line; gives its summary."""
    argv = [sys.executable, str(PROJECT / "run_scenario.py"), "run", str(scenario), "--out", str(runs)]
    subprocess.run(argv, check=False, stdout=subprocess.DEVNULL)
    (root,) = runs.glob("*/*")
    return read(Summary, RunDir(root).summary)


def run_line(summary: Summary) -> str:
    """Verdict, reasons if inconclusive, and processor use, as one line."""
    reasons = f": {'; '.join(summary.reasons)}" if summary.verdict == "inconclusive" else ""
    machine = summary.machine
    busy = f" (processor used to {machine.used.percent:g} %, others {machine.others.percent:g} %)" if machine else ""
    return f"{summary.verdict}{reasons}{busy}"


def table(runs: Iterable[Sequence[FidelityCheck]]) -> list[tuple[str, ...]]:
    """A row per check, in order of first appearance."""
    found: dict[str, list[FidelityCheck]] = {}
    for checks in runs:
        for check in checks:
            found.setdefault(check.id, []).append(check)
    return [_row(checks) for checks in found.values()]


def _row(checks: Sequence[FidelityCheck]) -> tuple[str, ...]:
    values = [check.value for check in checks if check.value is not None]
    figures = (checks[0].limit, median(values), max(values)) if values else (checks[0].limit,)
    texts = [f"{figure:g} {checks[0].unit}".rstrip() for figure in figures] + ["unknown"] * (3 - len(figures))
    return (checks[0].check, *texts, str(sum(not check.ok for check in checks)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
