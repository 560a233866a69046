"""What clusters cost: set-up time and memory of runs on rings. `scripts/bench clusters [COUNT...]`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.rings import ring, scenario_text
from results.run_files.documents import read_events
from results.run_files.events import Begun, Phase
from results.run_files.machine_formats import read_machine_report
from results.run_files.run_dir import RunDir
from scenarios.cli.console import Console
from scenarios.paths import PROJECT
from scenarios.run.means import topology_needs
from topologies.model import Topology

COUNTS = (3, 15, 32, 64)
_COLUMNS = ("clusters", "links", "set-up", "of it, the network", "memory", "estimated")
_MIB = 1 << 20


def measure(topology: Topology, runs: Path) -> tuple[str, ...]:
    """Play the ring's scenario with the command line; a row of the table, with units."""
    file = runs / f"{topology.name}.yaml"
    file.write_text(scenario_text(topology))
    argv = [sys.executable, str(PROJECT / "run_scenario.py"), "run", str(file), "--out", str(runs)]
    subprocess.run(argv, check=False, stdout=subprocess.DEVNULL)
    (root,) = (runs / topology.name).iterdir()
    run = RunDir(root)
    begun_s, network_s, ready_s = _times_s(run)
    memory = read_machine_report(run.machine).memory_bytes
    return (
        str(len(topology.clusters)),
        str(len(topology.links)),
        f"{ready_s - begun_s:.1f} s",
        f"{network_s - begun_s:.1f} s",
        f"{memory / _MIB:.0f} MiB",
        f"{topology_needs(topology).memory_bytes / _MIB:.0f} MiB",
    )


def _times_s(run: RunDir) -> tuple[float, float, float]:
    """When the set-up began, when the network was up, and when all was ready; CLOCK_MONOTONIC."""
    records = read_events(run.events).records
    begun = next(each.at_ns for each in records if isinstance(each, Begun))
    phases = [each.at_ns for each in records if isinstance(each, Phase)]
    return begun / 1e9, phases[0] / 1e9, phases[2] / 1e9


def main(counts: list[str]) -> None:
    """Run each ring once, and print the table."""
    with tempfile.TemporaryDirectory(prefix="blipnet-bench-") as folder:
        rows = [measure(ring(int(count)), Path(folder)) for count in counts or COUNTS]
    Console().show_rows(_COLUMNS, rows)


if __name__ == "__main__":
    main(sys.argv[1:])
