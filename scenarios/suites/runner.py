"""Runs scenarios against relay versions, one after another.

A run is inconclusive if the machine disturbed it, e.g. by other load on its CPUs. That often passes, so such a run is
repeated. Runs that passed or failed are never repeated: a failure must not disappear by repetition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic_ns

from hostio.timing import S
from results.run_files.plan import Plan
from results.verdict.summary import Summary
from scenarios.suites.standings import Trial, evidence_of, recovery_of

RunPlan = Callable[[Plan, str], Summary]
"""Runs a plan; the text is a label of the trial, for the user."""

ATTEMPTS = 3
"""Runs of a trial at most. On a machine that is too slow for a scenario every run is inconclusive, so more runs would
only take time."""


@dataclass(frozen=True, slots=True)
class Suite:
    """`plans`: by relay version, the plans of all scenarios with that version. Each plan is tried `times` times."""

    plans: Mapping[str, Sequence[Plan]]
    times: int

    @property
    def size(self) -> int:
        """Number of trials."""
        return self.times * sum(map(len, self.plans.values()))

    def trials(self, play: RunPlan) -> Iterator[Trial]:
        """Run all trials, one version after the other; yields each when it is done."""
        number = 0
        for version, plans in self.plans.items():
            for plan in [plan for _ in range(self.times) for plan in plans]:
                number += 1
                yield self._trial(version, plan, f"{number}/{self.size}  {version}  {plan.scenario}", play)

    def _trial(self, version: str, plan: Plan, label: str, play: RunPlan) -> Trial:
        start_ns = monotonic_ns()
        attempts = [play(plan, label)]
        while attempts[-1].verdict == "inconclusive" and len(attempts) < ATTEMPTS:
            attempts.append(play(plan, label))
        last, seconds = attempts[-1], (monotonic_ns() - start_ns) / S
        outcome = (last.verdict, evidence_of(last), recovery_of(last))
        return Trial(version, plan.scenario, *outcome, len(attempts), seconds)
