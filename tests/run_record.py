"""The record of the runs that this session's tests played: how many had no verdict, and how many may have none."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_INCONCLUSIVE_SHARE = 0.2
"""On a quiet machine every run is conclusive, and nine of ten are where others use its host. Beyond one in five too
little of what the tests claim was seen, or the fidelity checks doubt what they should believe."""

ALWAYS_ALLOWED = 2
"""For a session of few runs, in which one alone is more than that share."""


class InconclusiveError(Exception):
    """A test that needs a verdict met none in all its attempts: it neither passed nor failed."""


@dataclass
class RunRecord:
    """The verdict of each run, in the order in which they were played.

    Runs that a test spoils on purpose, by an interrupt, a killed process or a hog, are inconclusive by design and are
    not entered.
    """

    verdicts: list[str] = field(default_factory=list)
    players: int = 0
    """How many of the session's tests play runs, or look at one that was played for several."""

    def enter(self, verdict: str) -> None:
        """Count a run."""
        self.verdicts.append(verdict)

    def add(self, other: RunRecord) -> None:
        """Enter the runs of another worker of the session. All workers know all tests."""
        self.verdicts += other.verdicts
        self.players = max(self.players, other.players)

    @property
    def inconclusive(self) -> int:
        """How many had no verdict."""
        return self.verdicts.count("inconclusive")

    @property
    def too_many(self) -> bool:
        """Whether more had none than a session may have."""
        return self.inconclusive > max(ALWAYS_ALLOWED, MOST_INCONCLUSIVE_SHARE * len(self.verdicts))

    def too_few_tests_decided(self, undecided: int) -> bool:
        """Whether of the tests that play runs too many met no run that they could judge."""
        return undecided > max(ALWAYS_ALLOWED, MOST_INCONCLUSIVE_SHARE * self.players)

    def __str__(self) -> str:
        return f"runs played: {len(self.verdicts)}, inconclusive: {self.inconclusive}"
