"""Results of a suite: trials, and the verdict on each relay version. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from results.verdict.summary import ExpectationRow, Summary, Verdict
from results.verdict.value_text import found_text
from scenarios.suites.attempts import Attempt

COLUMNS = ("relay", "scenario", "verdict", "back by itself", "evidence")


@dataclass(frozen=True, slots=True)
class Trial:
    """One scenario with one relay version. `attempts`: runs that it took; verdict and texts are those of the last run.

    `evidence`: why it did not pass. `recovery`: whether and when service was restored after the last fault had ended.
    `reasons`, `expectations`: of the last run; `roots`: the directories of all.
    """

    version: str
    scenario: str
    verdict: Verdict
    evidence: str
    recovery: str
    attempts: int
    seconds: float
    reasons: tuple[str, ...] = ()
    expectations: tuple[ExpectationRow, ...] = ()
    roots: tuple[Path, ...] = ()


def trial_of(version: str, scenario: str, attempts: Sequence[Attempt], seconds: float) -> Trial:
    """The trial of a scenario that took these runs, one at least."""
    last = attempts[-1].summary
    outcome = (last.verdict, evidence_of(last), recovery_of(last), len(attempts), seconds)
    roots = tuple(each.root for each in attempts)
    return Trial(version, scenario, *outcome, tuple(last.reasons), tuple(last.expectations), roots)


@dataclass(frozen=True, slots=True)
class Standing:
    """All trials of one relay version."""

    version: str
    trials: tuple[Trial, ...]

    @property
    def caught_by(self) -> tuple[str, ...]:
        """Names of the scenarios that failed, each once."""
        return tuple(dict.fromkeys(trial.scenario for trial in self.trials if trial.verdict == "fail"))

    @property
    def verdict(self) -> Verdict:
        """Fail if any trial failed, pass if all passed, else inconclusive."""
        return together(self.trials)

    @property
    def rounds(self) -> tuple[Verdict, ...]:
        """The verdict of each round, in which every scenario was played once; one that is not whole is left out."""
        by_scenario: dict[str, list[Trial]] = {}
        for trial in self.trials:
            by_scenario.setdefault(trial.scenario, []).append(trial)
        return tuple(map(together, zip(*by_scenario.values(), strict=False)))

    def sentence(self) -> str:
        """The verdict and its ground as a line of text, with the number of rounds if there were several."""
        undecided = sum(trial.verdict != "pass" for trial in self.trials)
        if self.caught_by:
            said = f"caught by {', '.join(self.caught_by)}{self._of_rounds('fail')}"
        elif undecided:
            said = (
                f"{undecided} of {len(self.trials)} runs inconclusive, none failed{self._of_rounds('pass', 'passes')}"
            )
        else:
            said = f"passes all {len(self.trials)} runs{self._of_rounds('pass')}"
        return f"{self.version}: {said}"

    def _of_rounds(self, verdict: Verdict, does: str = "") -> str:
        if len(self.rounds) < 2:
            return ""
        return f",{f' {does}' if does else ''} in {self.rounds.count(verdict)} of {len(self.rounds)} rounds"


def together(trials: Sequence[Trial]) -> Verdict:
    """Fail if any trial failed, pass if all passed, else inconclusive."""
    verdicts = {trial.verdict for trial in trials}
    if "fail" in verdicts:
        return "fail"
    return "pass" if verdicts == {"pass"} else "inconclusive"


def standings(trials: Sequence[Trial]) -> tuple[Standing, ...]:
    """One standing per version, in the order of the trials."""
    versions = dict.fromkeys(trial.version for trial in trials)
    return tuple(
        Standing(version, tuple(trial for trial in trials if trial.version == version)) for version in versions
    )


def evidence_of(summary: Summary) -> str:
    """The first reason for a run's verdict; empty if it passed."""
    if summary.verdict == "pass":
        return ""
    missed = [row for row in summary.expectations if row.ok is False]
    if summary.verdict == "fail" and missed:
        first, more = missed[0], len(missed) - 1
        return f"{first.text}: found {found_text(first)}" + (f" (and {more} more)" if more else "")
    return next(iter(summary.reasons), "")


def recovery_of(summary: Summary) -> str:
    """Whether all streams were restored before the run's end, and how long after the last fault had ended.

    It tells metastable failures (Bronson et al., HotOS 2021), which go on after their cause has ended, from others.
    """
    lag_ms = summary.media.recovery_lag_ms
    if lag_ms is None:
        return ""
    if summary.media.still_interrupted:
        return f"not within {lag_ms / 1e3:.1f} s"
    return f"after {lag_ms / 1e3:.1f} s" if lag_ms else "before the blip ended"


def table(trials: Sequence[Trial]) -> list[tuple[str, ...]]:
    """A row per version and scenario, in the columns of `COLUMNS`; several trials are shown by the worst of them."""
    ordered = sorted(trials, key=lambda trial: (_first(trials, trial), trial.scenario))
    return [_row(list(group)) for _, group in groupby(ordered, key=lambda trial: (trial.version, trial.scenario))]


def _first(trials: Sequence[Trial], trial: Trial) -> int:
    return next(index for index, each in enumerate(trials) if each.version == trial.version)


def _row(trials: list[Trial]) -> tuple[str, ...]:
    worst = min(trials, key=lambda trial: ("fail", "inconclusive", "pass").index(trial.verdict))
    same = sum(trial.verdict == worst.verdict for trial in trials)
    verdict = worst.verdict if len(trials) == 1 else f"{worst.verdict} {same} of {len(trials)}"
    return (worst.version, worst.scenario, verdict, worst.recovery, worst.evidence)


def self_test_verdict(found: Sequence[Standing], sound: Sequence[str]) -> Verdict:
    """Fail if a `sound` version failed in a round, or another passed one; else inconclusive if a round is undecided."""
    if any(("fail" if each.version in sound else "pass") in each.rounds for each in found):
        return "fail"
    return "inconclusive" if any("inconclusive" in each.rounds for each in found) else "pass"
