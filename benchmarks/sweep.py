"""A sweep of twelve runs on this machine, and on two workers of which everything is killed: `scripts/bench sweep`.

Prints what the engine adds to a run, and whether the workers' results are those of the sweep that nothing disturbed.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

from benchmarks.sweep_cluster import WORKER_KILLS, cluster_in, ended, start
from results.comparison.values import Measured
from results.sweeps.result import AxisValue, SweepResult
from scenarios.cli.exit_codes import ExitCode
from scenarios.language.library import LIBRARY
from scenarios.sweeps.store import Store

RUNS = 12
BY_HAND = 3
"""Runs with the command `run`, beside which the engine's are set."""
SCENARIO = LIBRARY / "one-blip.yaml"
SWEEP = f"""\
name: bench
scenario: {SCENARIO}
axes:
  - {{set: sessions.0.count, name: count, values: [5, 10, 20, 40]}}
  - {{set: duration, values: [10s]}}
repeats: 3
"""

Results = Mapping[tuple[AxisValue, int], SweepResult]
"""By number of sessions and repetition."""


def main(arguments: list[str]) -> int:
    """Play both sweeps. Returns the exit code: 1 if a result is missing, there twice or another one."""
    if arguments:
        print("scripts/bench sweep: it takes no arguments", file=sys.stderr)
        return ExitCode.BAD_INPUT
    try:
        return _played()
    except RuntimeError as error:
        print(f"scripts/bench sweep: {error}", file=sys.stderr)
        return ExitCode.FAIL


def _played() -> int:
    """The exit code. RuntimeError if something came to another end than it should."""
    with tempfile.TemporaryDirectory(prefix="blipnet-bench-") as name:
        folder = Path(name)
        (file := folder / "sweep.yaml").write_text(SWEEP)
        alone_s, swept_s = _by_hand(folder) / BY_HAND, _local(file, folder)
        added = f"{swept_s - alone_s:+.2f} s a run"
        print(f"by hand {alone_s:.2f} s a run, by a sweep {swept_s:.2f} s: the engine adds {added}", flush=True)
        with cluster_in(folder) as cluster:
            cluster.play_through(file)
        print(f"killed: {WORKER_KILLS} workers, the scheduler and the driver, each while a run went on", flush=True)
        return _judged(_results(folder / "local"), _results(folder / "killed"))


def _by_hand(folder: Path) -> float:
    """How long the runs by hand take, s."""
    begin, settings = monotonic(), ("--set", "sessions.0.count=20", "--set", "duration=10s")
    for _ in range(BY_HAND):
        ended(start(folder / "by-hand.log", "run", SCENARIO, *settings, "--out", folder / "by-hand"))
    return monotonic() - begin


def _local(file: Path, folder: Path) -> float:
    """How long the sweep on this machine takes for a run, s; an inconclusive one is played again, and counts too."""
    begin = monotonic()
    ended(start(folder / "local.log", "sweep", file, "--out", folder / "local"))
    return (monotonic() - begin) / sum(each.attempts for each in Store(folder / "local").results())


def _results(store: Path) -> Results:
    """RuntimeError if a run has two."""
    read = [*Store(store).results()]
    found = {(each.point["count"], each.repeat): each for each in read}
    if len(found) != len(read):
        raise RuntimeError(f"{store}: {len(read)} results of {len(found)} runs")
    return found


def _judged(local: Results, killed: Results) -> int:
    """Print how many figures are alike, and which are not. Returns the exit code."""
    both = [(point, local[point].played, killed[point].played) for point in local if point in killed]
    figures = [
        (f"{point}: {name}", here.values[name], there.values[name])
        for point, here, there in both
        for name in here.values.keys() & there.values.keys()
    ]
    apart = [each for each in figures if not overlap(*each[1:])]
    for name, here, there in apart:
        print(f"{name}: {_text(here)}, and on a worker {_text(there)}")
    verdicts = sum(here.verdict == there.verdict for _, here, there in both)
    alike = f"{verdicts} verdicts and {len(figures) - len(apart)} figures alike, {len(apart)} apart"
    print(f"{len(killed)} results of {RUNS}, each once; {alike}")
    whole = len(both) == len(local) == len(killed) == RUNS
    return ExitCode.PASS if whole and not apart else ExitCode.FAIL


def overlap(one: Measured, other: Measured) -> bool:
    """Whether a value lies within the bounds of both; a missing bound is none."""
    low = max((each.low for each in (one, other) if each.low is not None), default=-float("inf"))
    high = min((each.high for each in (one, other) if each.high is not None), default=float("inf"))
    return low <= high


def _text(measured: Measured) -> str:
    return f"{measured.value} ({measured.low} … {measured.high})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
