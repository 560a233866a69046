"""Plays scenarios several times, with seeds that follow each other, and makes one aggregate of the runs of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from hostio.ownership import made_for_user
from results.comparison.aggregate import Aggregate, Wanted, aggregate, wanted
from results.comparison.rows import SPREAD_COLUMNS, spread_rows
from results.comparison.run_sets import AGGREGATE, write_aggregate
from results.comparison.values import RunValues, run_values
from results.run_files.plan import Plan
from scenarios.cli.console import Console
from scenarios.cli.doctor import diagnose
from scenarios.cli.exit_codes import VERDICT_CODES, ExitCode, worst
from scenarios.cli.play import InMachine, InSandbox, PrintLine
from scenarios.language.library import load_plan
from scenarios.paths import new_root
from scenarios.suites.attempts import Attempt, attempted
from scenarios.vm.machine import Clock

SEEDS = 1 << 32
"""Seeds are below this; the one after the last is 0."""

Play = Callable[[], Attempt]


@dataclass(frozen=True, slots=True)
class Repeats:
    """Scenario files, each with the plan that was made of it, to be played `times` times.

    `attempts`: how often a run that is inconclusive is played at most; `passes`: the share of all runs that is to pass,
    if one was stated.
    """

    files: Sequence[Path]
    plans: Sequence[Plan]
    times: int
    overrides: Sequence[str]
    out: Path
    attempts: int
    passes: float | None
    confidence: float

    def here(self) -> ExitCode:
        """Play each run in this machine's sandbox."""
        sandbox = InSandbox.on(diagnose(), self.out)
        prepared = [list(map(sandbox.prepared, series)) for series in self.seeded()]
        return worst([self._decided(series, partial(self._sandboxed, sandbox)) for series in prepared])

    def in_machines(self, clock: Literal["real", "virtual"], print_line: PrintLine) -> ExitCode:
        """Play each run in a virtual machine of its own."""
        codes = []
        for file, series in zip(self.files, self.seeded(), strict=True):
            codes.append(self._decided(series, partial(self._in_machine, file, clock, print_line)))
        return worst(codes)

    def seeded(self) -> list[list[Plan]]:
        """Of each file the plans with its seed and those that follow. ScenarioError."""
        return [
            [
                load_plan(file, seed=(plan.seed + number) % SEEDS, overrides=self.overrides)
                for number in range(self.times)
            ]
            for file, plan in zip(self.files, self.plans, strict=True)
        ]

    def _decided(self, series: Sequence[Plan], player: Callable[[Path, Plan, str], Play]) -> ExitCode:
        folder = new_root(series[0].scenario, self.out)
        labels = (f"{number}/{self.times}  seed {plan.seed}" for number, plan in enumerate(series, 1))
        plays = [player(folder, plan, label) for plan, label in zip(series, labels, strict=True)]
        return decide_together(folder, plays, self.attempts, wanted(self.passes, self.confidence))

    def _sandboxed(self, sandbox: InSandbox, folder: Path, plan: Plan, label: str) -> Play:
        return partial(replace(sandbox, out=folder).play, plan, label)

    def _in_machine(
        self,
        file: Path,
        clock: Literal["real", "virtual"],
        print_line: PrintLine,
        folder: Path,
        plan: Plan,
        _label: str,
    ) -> Play:
        options = ["--seed", str(plan.seed), *(word for each in self.overrides for word in ("--set", each))]
        return partial(
            InMachine(file, options, folder, Clock(clock, plan.clock_shift, plan.seed), print_line).play, plan
        )


def decide_together(folder: Path, plays: Sequence[Play], attempts: int, goal: Wanted) -> ExitCode:
    """Play runs of one scenario, whose directories are in `folder`, a line for each; of one that is repeated the last
    attempt counts. Whatever ends that, the aggregate of what has been played is written, and shown."""
    console, runs = Console(), list[RunValues]()
    try:
        for number, play in enumerate(plays, 1):
            last = attempted(play, attempts, console.say)[-1]
            runs.append(run_values(last.summary, str(last.root.relative_to(folder.resolve()))))
            first = f"run {number} of {len(plays)}  seed {last.summary.seed}  {last.summary.verdict}"
            console.say(f"{first}  {last.summary.reasons[0]}")
    finally:
        code = _concluded(console, folder, aggregate(runs, len(plays), goal)) if runs else ExitCode.INCONCLUSIVE
    return code


def _concluded(console: Console, folder: Path, found: Aggregate) -> ExitCode:
    with made_for_user(folder / AGGREGATE):
        path = write_aggregate(folder, found)
    console.say("")
    console.show_rows(SPREAD_COLUMNS, spread_rows(found))
    for line in ("", found.verdict, *(f"  {reason}" for reason in found.reasons), f"aggregate  {path}"):
        console.say(line)
    return VERDICT_CODES[found.verdict]
