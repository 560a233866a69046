"""Do bounds hold what they promise? `scripts/bench bounds [TIMES]`.

Plays two scenarios, one that passes and one that fails, quiet and with disturbances of known kind, and looks whether
the value of the quiet runs lies within the bounds of each disturbed one, and whether its verdict is theirs.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.disturbance import Disturbance, disturbed_by
from results.bounds.interval import Interval
from results.run_files.documents import read
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary, Verdict
from results.verdict.value_text import found_text
from scenarios.cli.console import Console
from scenarios.language.library import LIBRARY
from scenarios.paths import PROJECT

QUIET_RUNS = 3
TIMES = 15
"""Disturbed runs of each scenario."""

KINDS: tuple[Disturbance, ...] = ("core", "busy")
COLUMNS = ("scenario", "disturbance", "runs", "decided", "wrong verdicts", "bounds without the quiet value")
_RUN_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Subject:
    """A scenario with these settings, whose quiet verdict has a margin of more than 300 ms. `metric` decides it."""

    name: str
    file: Path
    settings: tuple[str, ...]
    verdict: Verdict
    metric: str = "media.interruption_ms.max"


SUBJECTS = (
    Subject(
        "blip",
        LIBRARY / "one-blip.yaml",
        ("sessions.0.count=10", "duration=4s", "events.0.at=1s"),
        "pass",
    ),
    Subject(
        "cold burst",
        LIBRARY / "suite" / "cold-burst.yaml",
        ("relays.kind=2026-05-11", "sessions.0.count=12", "duration=7s", "events.0.at=1s"),
        "fail",
    ),
)


@dataclass(frozen=True, slots=True)
class Outside:
    """A metric whose quiet value lies outside the bounds of a disturbed run that found `value`."""

    metric: str
    value: float | None
    interval: Interval
    quiet: float

    def __str__(self) -> str:
        return f"{self.metric} {self.value} ({self.interval.low} … {self.interval.high}), quiet {self.quiet}"


@dataclass(frozen=True, slots=True)
class Played:
    """A disturbed run. `outside`: metrics of which the quiet value lies outside the bounds."""

    subject: Subject
    kind: Disturbance
    summary: Summary
    quiet: float
    outside: tuple[Outside, ...]

    @property
    def decided(self) -> bool:
        """Whether it has a verdict."""
        return self.summary.verdict != "inconclusive"

    @property
    def right(self) -> bool:
        """Whether the verdict, if there is one, is that of the quiet runs, and the bounds have the quiet value."""
        return (not self.decided or self.summary.verdict == self.subject.verdict) and (
            self.subject.metric not in {each.metric for each in self.outside}
        )

    def __str__(self) -> str:
        row = next(row for row in self.summary.expectations if row.metric == self.subject.metric)
        line = f"{self.subject.name}, {self.kind}: {self.summary.verdict}, {found_text(row)}, quiet {self.quiet:.1f}"
        others = (f"\n    outside its bounds: {each}" for each in self.outside if each.metric != self.subject.metric)
        return line + "".join(others)


def quiet_runs(subject: Subject, folder: Path) -> Iterator[Summary]:
    """Runs without a disturbance, as many as are asked for."""
    return (play(subject, None, folder / f"quiet-{number}") for number in itertools.count())


def trials(subject: Subject, quiet: Sequence[Summary], times: int, folder: Path) -> Iterator[Played]:
    """So many disturbed runs."""
    for number, kind in zip(range(times), itertools.cycle(KINDS), strict=False):
        disturbed = play(subject, kind, folder / f"disturbed-{number}")
        yield Played(subject, kind, disturbed, value(quiet, subject.metric), tuple(outside(quiet, disturbed)))


def play(subject: Subject, kind: Disturbance | None, runs: Path) -> Summary:
    """Run a scenario with the command line; gives its summary."""
    settings = [word for each in subject.settings for word in ("--set", each)]
    program = [sys.executable, str(PROJECT / "run_scenario.py"), "run", str(subject.file), "--out", str(runs)]
    with disturbed_by(kind, _RUN_WITHIN_S):
        subprocess.run([*program, *settings], check=False, stdout=subprocess.DEVNULL, timeout=_RUN_WITHIN_S)
    (root,) = runs.glob("*/*")
    return read(Summary, RunDir(root).summary)


def outside(quiet: Sequence[Summary], disturbed: Summary) -> Iterator[Outside]:
    """The metrics of which the median of the quiet runs lies outside the bounds of the disturbed one."""
    for metric, interval in (disturbed.bounds or {}).items():
        found = values(quiet, metric)
        if len(found) == len(quiet) and not contains(interval, median(found)):
            yield Outside(metric, next(iter(values([disturbed], metric)), None), interval, median(found))


def contains(interval: Interval, value: float) -> bool:
    """Whether a value lies within bounds."""
    return (interval.low is None or interval.low <= value) and (interval.high is None or value <= interval.high)


def value(runs: Sequence[Summary], metric: str) -> float:
    """The median of a metric."""
    return median(values(runs, metric))


def values(runs: Sequence[Summary], metric: str) -> list[float]:
    """The values of a metric, without runs that have none."""
    found = (_lookup(asdict(run), metric) for run in runs)
    return [each for each in found if each is not None]


def _lookup(document: Any, metric: str) -> float | None:
    for key in metric.split("."):
        document = document[int(key)] if isinstance(document, list) else document.get(key)
        if document is None:
            return None
    return float(len(document)) if isinstance(document, list) else float(document)


def table(found: Sequence[Played]) -> list[tuple[str, ...]]:
    """A row per scenario and disturbance."""
    rows = []
    for subject, kind in itertools.product(SUBJECTS, KINDS):
        mine = [each for each in found if (each.subject, each.kind) == (subject, kind)]
        wrong = sum(each.decided and each.summary.verdict != subject.verdict for each in mine)
        missed = sum(
            not contains(each.summary.bounds[subject.metric], each.quiet) for each in mine if each.summary.bounds
        )
        counts = (len(mine), sum(each.decided for each in mine), wrong, missed)
        rows.append((subject.name, kind, *map(str, counts)))
    return rows


def main(arguments: list[str]) -> int:
    """Print a line per disturbed run and the table. Returns the exit code: 1 if bounds or a verdict were wrong."""
    times, found = int(arguments[0]) if arguments else TIMES, []
    with tempfile.TemporaryDirectory(prefix="blipnet-bench-") as folder:
        for subject in SUBJECTS:
            runs = Path(folder) / subject.name
            quiet = list(itertools.islice(quiet_runs(subject, runs), QUIET_RUNS))
            for each in trials(subject, quiet, times, runs):
                print(each, flush=True)
                found.append(each)
    print()
    Console().show_rows(COLUMNS, table(found), texts=2)
    return int(not all(each.right for each in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
