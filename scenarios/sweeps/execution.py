"""What plays the jobs of a sweep, seen from the loop that hands them out: an executor, and how a job ends."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from results.comparison.values import RunValues
from scenarios.sweeps.jobs import Job


@dataclass(frozen=True, slots=True)
class Played:
    """A run came to its end on a machine, decided or not; `seconds` without the waiting for other runs; `page`: its
    report, if another machine has its directory."""

    key: str
    machine: str
    values: RunValues
    seconds: float
    page: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """A run came to no end that could be judged: `why`, a line."""

    key: str
    machine: str
    why: str


Ended: TypeAlias = Played | Lost


class Executor(Protocol):
    """Plays jobs on machines, on each one at a time."""

    @property
    def in_flight(self) -> int:
        """So many jobs it takes before one of them has ended."""

    def submit(self, job: Job, avoid: Collection[str]) -> None:
        """Take a job; on a machine that is not one of `avoid`, where there is another."""

    def next_ended(self) -> Ended:
        """Wait for one of the jobs that it has to end. MachineError: no machine can play any."""

    def stop(self) -> None:
        """End what is being played, in good order, and wait for that."""
