"""The record of the runs that this session's tests played: how many had no verdict, and how many may have none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

MOST_UNEXPLAINED_SHARE = 0.2
"""Of a run that nothing disturbed the verdict is known, unless it needs more than the machine has, as bursts over
servers do on two cores: more without one mean that bounds are too wide."""

MOST_UNDECIDED_SHARE = 0.25
"""Of the tests that play runs. Others may disturb any number of runs, and tests repeat those; beyond this share too
little of what the tests claim was seen."""

ALWAYS_ALLOWED = 2
"""For a session of few runs, in which one alone is more than that share."""

_OTHERS_PERCENT = 20.0

_STOLEN_PERCENT = 2.0
"""Of one core in its worst second: one packet interval of 20 ms, within what the fidelity checks allow."""


class InconclusiveError(Exception):
    """A test that needs a verdict met none in all its attempts: it neither passed nor failed."""


def stolen_from(summary: Mapping[str, Any]) -> bool:
    """Whether the machine's own host took enough of the processor in a run to hold a packet up by its interval."""
    machine = summary["machine"]
    return machine is not None and machine["stolen"]["percent"] >= _STOLEN_PERCENT


def undisturbed(summary: Mapping[str, Any]) -> bool:
    """Whether every check of the testbed held in a run, and neither other programs nor the machine's own host took much
    of the processor: threads without a deadline wait for it, and a run within the checks may still be held up."""
    machine = summary["machine"]
    return (
        all(check["ok"] for check in summary["fidelity"])
        and machine is not None
        and machine["others"]["percent"] < _OTHERS_PERCENT
        and not stolen_from(summary)
    )


def _is_alone() -> None:
    """Nobody else runs tests."""


@dataclass
class RunRecord:
    """How many runs were played, and how many of them had no verdict: `disturbed` because of the machine, by their own
    records, and `unexplained` without that.

    Runs that a test spoils on purpose, by an interrupt, a killed process or a hog, are inconclusive by design and are
    not entered.
    """

    played: int = 0
    disturbed: int = 0
    unexplained: int = 0
    unmet: int = 0
    """How many were repeated because a claim did not hold of them, though nothing is known to have disturbed them."""
    players: int = 0
    """How many of the session's tests play runs, or look at one that was played for several."""
    alone: Callable[[], None] = field(default=_is_alone, compare=False, repr=False)
    """Has the test that runs go on alone, if it has the company of few."""

    def counts(self) -> dict[str, int]:
        """All of it that can be added up."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "alone"}

    def enter(self, summary: Mapping[str, Any]) -> None:
        """Count a run, by its `summary.json`."""
        self.played += 1
        if summary["verdict"] == "inconclusive":
            quiet = undisturbed(summary)
            self.unexplained += quiet
            self.disturbed += not quiet

    def add(self, other: RunRecord) -> None:
        """Enter the runs of another worker of the session. All workers know all tests."""
        self.played += other.played
        self.disturbed += other.disturbed
        self.unexplained += other.unexplained
        self.unmet += other.unmet
        self.players = max(self.players, other.players)

    @property
    def inconclusive(self) -> int:
        """How many had no verdict."""
        return self.disturbed + self.unexplained

    @property
    def too_many(self) -> bool:
        """Whether more had none, though nothing disturbed them, than a session may have."""
        return _beyond(self.unexplained, MOST_UNEXPLAINED_SHARE, self.played)

    def too_few_tests_decided(self, undecided: int) -> bool:
        """Whether of the tests that play runs too many met no run that they could judge."""
        return _beyond(undecided, MOST_UNDECIDED_SHARE, self.players)

    def __str__(self) -> str:
        counts = [f"runs played: {self.played}", f"inconclusive: {self.inconclusive}"]
        if self.inconclusive:
            counts.append(f"of which the machine disturbed {self.disturbed}")
        if self.unmet:
            counts.append(f"repeated though nothing disturbed them: {self.unmet}")
        return ", ".join(counts)


def _beyond(found: int, share: float, of: int) -> bool:
    return found > max(ALWAYS_ALLOWED, share * of)
