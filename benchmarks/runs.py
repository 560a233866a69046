"""Cost and accuracy of whole runs, started by the command line: `scripts/bench runs`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import monotonic_ns

from results.metrics.analysis import analyse
from results.report.report import read_evidence
from results.run_files.documents import read
from results.run_files.machine_formats import read_machine_report
from results.run_files.plan_formats import read_plan
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary
from scenarios.cli.console import Console
from scenarios.language.library import LIBRARY
from scenarios.paths import PROJECT

_SCENARIOS = ("one-blip.yaml", "us-6-blip.yaml")
_COLUMNS = (
    "scenario",
    "first packet",
    "packets/s",
    "unplanned drops",
    "added to links",
    "pacing p99",
    "memory",
    "verdict",
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Cost and accuracy of one run. `added_ms`: median of one-way delay less the links' emulated delay."""

    scenario: str
    first_packet_s: float
    packets_per_s: float
    unplanned_drops: int
    added_ms: float
    pacing_p99_ms: float
    memory_gib: float
    verdict: str

    def row(self) -> tuple[str, ...]:
        """A row of the table, with units."""
        return (
            self.scenario,
            f"{self.first_packet_s:.1f} s",
            f"{self.packets_per_s:.0f}",
            str(self.unplanned_drops),
            f"{self.added_ms:.2f} ms",
            f"{self.pacing_p99_ms:.2f} ms",
            f"{self.memory_gib:.2f} GiB",
            self.verdict,
        )


def measure(scenario: Path, runs: Path) -> Figures:
    """Run a scenario with the command line, and compute its figures from the run directory."""
    started_ns = monotonic_ns()
    argv = [sys.executable, str(PROJECT / "run_scenario.py"), "run", str(scenario), "--out", str(runs)]
    subprocess.run(argv, check=False, stdout=subprocess.DEVNULL)
    (root,) = (runs / scenario.stem).iterdir()
    return _figures(RunDir(root), started_ns)


def _figures(run: RunDir, started_ns: int) -> Figures:
    plan, machine, summary = read_plan(run.plan), read_machine_report(run.machine), read(Summary, run.summary)
    packets = analyse(read_evidence(run)).matched.packets
    drops = sum(row.drops for row in machine.socket_drops) + sum(row.drops for row in machine.port_drops)
    return Figures(
        scenario=plan.scenario,
        first_packet_s=(int(packets.sent_ns.min()) - started_ns) / 1e9,
        packets_per_s=summary.media.sent / (plan.duration_ns / 1e9),
        unplanned_drops=drops + sum(row.counters.lost_overflow for row in machine.links),
        added_ms=summary.media.added_ms.p50 or 0.0,
        pacing_p99_ms=next(check.value or 0.0 for check in summary.fidelity if check.id == "pacing-p99"),
        memory_gib=machine.memory_bytes / 2**30,
        verdict=summary.verdict,
    )


def main() -> None:
    """Run each scenario once and print the table."""
    with tempfile.TemporaryDirectory(prefix="blipnet-bench-") as folder:
        figures = [measure(LIBRARY / name, Path(folder)) for name in _SCENARIOS]
    Console().show_rows(_COLUMNS, [each.row() for each in figures])


if __name__ == "__main__":
    main()
