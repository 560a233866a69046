"""The result of one run of a sweep, as it is kept. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from results.comparison.values import RunValues

AxisValue: TypeAlias = bool | int | float | str
"""A value that an axis has, as it stands in a scenario file."""

FORMAT = 1

RELAY, SEED = "relay", "seed"
"""Names of the axes that are no values of the file: what runs as relay, and the seed."""


@dataclass(frozen=True, slots=True)
class SweepResult:
    """One run of a sweep, decided or not for the last time. `run` of `played`: its directory, from the sweep's folder
    on, or on the machine that played it."""

    key: str
    """Hash of what was played: the plan, the code, the relay kinds and the number of the repetition."""
    point: dict[str, AxisValue]
    """The value of each axis, by its name."""
    repeat: int
    """Which repetition it is, from 0."""
    attempts: int
    """So many runs it took: an inconclusive one is played again."""
    machine: str
    """The name of the machine that played it."""
    seconds: float
    """How long that took there, the waiting for other runs left out."""
    played: RunValues
    """Verdict and metrics of the run that counts, the last one."""
    format: int = FORMAT
    """Format of this file."""

    @property
    def verdict(self) -> str:
        """Pass, fail or inconclusive."""
        return self.played.verdict
