"""Random runs against the oracle: `scripts/bench oracle [SEED|TOPOLOGY [TIMES|SEED [FOLDER]]]`.

Plays what the seeds make, in full, and prints what the oracle compared and what differed. A run that differs is shrunk:
blips are left out as long as what is left still differs; the scenario file that remains is named.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.playing import FailedError, RefusedError, play, summary_below
from benchmarks.random_cases import Blip, Case, blips_of, random_case
from hostio.files import write_whole
from results.metrics.oracle_figures import OracleFigures
from results.run_files.document_error import DocumentError
from results.verdict.summary import Summary
from scenarios.cli.exit_codes import ExitCode
from scenarios.language.topology_files import load_topology, topology_names
from scenarios.paths import PROJECT, RUNS

FOLDER = RUNS / "oracle"
BLIPS = 200
SHRINKS = 12
"""Runs at most to shrink one that differs."""
_BEYOND_MEDIA_S = 300.0


def main(arguments: list[str]) -> int:
    """Play and print. Returns the exit code: 1 if a run differed; that of bad input if one was refused or failed."""
    if arguments and arguments[0] in topology_names():
        seed = int(arguments[1]) if len(arguments) > 1 else 1
        cases = [catalogue_case(arguments[0], seed)]
    else:
        first, times = (*map(int, arguments[:2]), *(1, 3)[len(arguments[:2]) :])
        cases = [random_case(seed) for seed in range(first, first + times)]
    folder = Path(arguments[2]) if len(arguments) > 2 else FOLDER
    wrong = 0
    for case in cases:
        try:
            summary = played(case, folder)
            print(f"{case.name}: {sentence(summary)}", flush=True)
            if differs(summary):
                wrong += 1
                print(f"  shrunk to {shrunk_file(case, folder)}", flush=True)
        except (RefusedError, FailedError, DocumentError) as error:
            print(f"{case.name}: {error}", file=sys.stderr)
            return ExitCode.BAD_INPUT
    return ExitCode.FAIL if wrong else ExitCode.PASS


def catalogue_case(name: str, seed: int, count: int = BLIPS) -> Case:
    """Random blips on the links of a topology in the catalogue."""
    topology = load_topology(name)
    clusters = [each.name for each in topology.clusters]
    return blips_of(name, clusters, [(link.a, link.b) for link in topology.links], seed, count)


def played(case: Case, folder: Path) -> Summary:
    """Play a case into a new folder. RefusedError, FailedError, DocumentError."""
    folder.mkdir(parents=True, exist_ok=True)
    out = Path(mkdtemp(prefix=f"{case.name}-", dir=folder))
    scenario = written(case, out / "scenario.yaml")
    argv = [sys.executable, str(PROJECT / "run_scenario.py"), "run", str(scenario), "--out", str(out / "runs")]
    play(argv, case.name, case.duration_ms / 1000 + _BEYOND_MEDIA_S)
    return summary_below(out / "runs")


def written(case: Case, path: Path) -> Path:
    """The scenario file of a case, as JSON, which is YAML too."""
    write_whole(path, json.dumps(case.document(), indent=2) + "\n")
    return path


def sentence(summary: Summary) -> str:
    """What was compared, and what differed."""
    found = summary.oracle
    if found is None:
        return "nothing was predicted"
    rules = "unknown" if found.rules_differing is None else f"{found.rules_differing} of {found.rules}"
    return (
        f"{found.changes} changes of path, {found.misrouted} of {found.compared} packets misrouted, {rules} flow rules "
        f"differ, {found.disagreements} disagreements, {found.still} to the end; {summary.verdict}"
    )


def differs(summary: Summary) -> bool:
    """Whether the run was another than the oracle's."""
    return isinstance(summary.oracle, OracleFigures) and summary.oracle.disagreements > 0


def shrunk_file(case: Case, folder: Path) -> Path:
    """The file of the smallest case found that still differs, and that no more than SHRINKS runs are needed for."""
    least = shrunk(case, lambda each: differs(played(each, folder)), SHRINKS)
    return written(least, folder / f"{case.name}-shrunk.yaml")


def shrunk(case: Case, still: Callable[[Case], bool], tries: int) -> Case:
    """A case with fewer blips that still does what it did: halves, then smaller parts, are left out (Zeller 2002)."""
    blips, parts = case.blips, 2
    while tries and len(blips) > 1:
        for left in _without_a_part(blips, parts):
            if not tries:
                break
            tries -= 1
            if still(replace(case, blips=left)):
                blips, parts = left, max(2, parts - 1)
                break
        else:
            if parts >= len(blips):
                break
            parts = min(2 * parts, len(blips))
    return replace(case, blips=blips)


def _without_a_part(blips: Sequence[Blip], parts: int) -> list[tuple[Blip, ...]]:
    edges = [len(blips) * number // parts for number in range(parts + 1)]
    return [(*blips[:a], *blips[b:]) for a, b in pairwise(edges)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
