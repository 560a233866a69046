"""Runs that are repeated until one is decided.

A run is inconclusive if the machine disturbed it, e.g. by other load on its CPUs. That often passes, so such a run is
repeated. Runs that passed or failed are never repeated: a failure must not disappear by repetition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from results.verdict.summary import Summary

ATTEMPTS = 3
"""Runs at most. On a machine that is too slow for a scenario every run is inconclusive: more would only take time."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A run that came to its end. `root`: its directory; `obstacle`: why a repetition would do no better, if known."""

    summary: Summary
    root: Path
    obstacle: str | None = None

    @property
    def decided(self) -> bool:
        """Whether it passed or failed."""
        return self.summary.verdict != "inconclusive"


Announce = Callable[[str], None]
"""Tells the user that a run is repeated, and why."""


def attempted(play: Callable[[], Attempt], at_most: int, announce: Announce) -> tuple[Attempt, ...]:
    """Play until a run is decided, or an obstacle is in the way of another, at most so often; gives all runs."""
    made = [play()]
    while len(made) < at_most and not made[-1].decided:
        said = f"attempt {len(made)} of {at_most} was inconclusive: {made[-1].summary.reasons[0]}"
        if made[-1].obstacle is not None:
            announce(f"{said}; not tried again: {made[-1].obstacle}")
            break
        announce(f"{said}; trying again")
        made.append(play())
    return tuple(made)


def spoilt_by_machine(attempts: Sequence[Attempt]) -> bool:
    """Whether several runs were made, and each was inconclusive because of what the machine did meanwhile."""
    return len(attempts) > 1 and all(not each.decided and _disturbed(each.summary) for each in attempts)


def _disturbed(summary: Summary) -> bool:
    """Whether the machine is why a run is inconclusive: a check of fidelity does not hold, or a figure was found and
    yet does not decide an expectation."""
    undecided = any(row.ok is None and row.value is not None for row in summary.expectations)
    return undecided or any(not check.ok for check in summary.fidelity)
