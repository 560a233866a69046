"""How many runs a sweep has, and whether that is too many to be meant. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scenarios.errors import ScenarioError
from scenarios.sweeps.loading import Sweep
from scenarios.sweeps.progress import count, length, seconds_of

COUNTED = 100_000
"""Up to so many combinations those that meet the constraints are counted one by one."""

MANY = 1_000
"""More runs than this are played if the user says so."""


@dataclass(frozen=True, slots=True)
class Total:
    """How many runs there are or, if not `exact`, at most."""

    runs: int
    exact: bool

    def text(self) -> str:
        """In words."""
        return f"{'' if self.exact else 'at most '}{count(self.runs)} runs"


def total_of(sweep: Sweep) -> Total:
    """How many runs a sweep has; combinations are listed only where they are few."""
    size = sweep.space.size
    if not sweep.space.where and sweep.space.sample.method == "grid":
        return Total(size, exact=True)
    if size > COUNTED:
        return Total(size, exact=False)
    return Total(sum(1 for _ in sweep.space.combinations()), exact=True)


def require_meant(path: Path, sweep: Sweep, total: Total) -> None:
    """ScenarioError if there are so many runs that they have to be asked for."""
    if total.runs <= MANY:
        return
    text = length(total.runs * seconds_of(sweep.plan))
    remedy = "" if sweep.space.sample.method != "grid" else ", or sample: {method: sobol, points: 64} to the file"
    raise ScenarioError(
        str(path), f"{total.text()}, which take about {text} one after the other; add --yes to play them{remedy}", None
    )
