"""Runs scenarios against relay versions, one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic_ns

from hostio.timing import S
from results.run_files.plan import Plan
from scenarios.suites.attempts import ATTEMPTS, Announce, Attempt, attempted
from scenarios.suites.standings import Trial, trial_of

RunPlan = Callable[[Plan, str], Attempt]
"""Runs a plan; the text is a label of the trial, for the user."""


@dataclass(frozen=True, slots=True)
class Suite:
    """`plans`: by relay version, the plans of all scenarios with that version. Each plan is tried `times` times."""

    plans: Mapping[str, Sequence[Plan]]
    times: int

    @property
    def size(self) -> int:
        """Number of trials."""
        return self.times * sum(map(len, self.plans.values()))

    def trials(self, play: RunPlan, announce: Announce) -> Iterator[Trial]:
        """Run all trials, one version after the other, each until it is decided; yields each when it is done."""
        number = 0
        for version, plans in self.plans.items():
            for plan in [plan for _ in range(self.times) for plan in plans]:
                number += 1
                label = f"{number}/{self.size}  {version}  {plan.scenario}"
                yield _trial(version, plan, partial(play, plan, label), announce)


def _trial(version: str, plan: Plan, play: Callable[[], Attempt], announce: Announce) -> Trial:
    start_ns = monotonic_ns()
    attempts = attempted(play, ATTEMPTS, announce)
    return trial_of(version, plan.scenario, attempts, (monotonic_ns() - start_ns) / S)
