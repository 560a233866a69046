"""Runs scenarios against relay versions, one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic_ns

from hostio.timing import S
from results.run_files.plan import Plan
from results.verdict.summary import Summary
from scenarios.suites.standings import Trial, evidence_of, recovery_of

RunPlan = Callable[[Plan, str], Summary]
"""Runs a plan; the text says which trial it is."""

ATTEMPTS = 3
"""Runs at most before a trial is left inconclusive."""


@dataclass(frozen=True, slots=True)
class Suite:
    """`plans`: by relay version, the scenarios with that version in them. All of them are played `times` times."""

    plans: Mapping[str, Sequence[Plan]]
    times: int

    @property
    def size(self) -> int:
        """How many trials there are."""
        return self.times * sum(map(len, self.plans.values()))

    def trials(self, play: RunPlan) -> Iterator[Trial]:
        """Play them, all scenarios of a version before the next; each trial when it is done."""
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
        told = (last.verdict, evidence_of(last), recovery_of(last))
        return Trial(version, plan.scenario, *told, len(attempts), seconds)
