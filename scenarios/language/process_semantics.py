"""What events on processes can get wrong: two at once on one process, or no time for a new one. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from hostio.units import MS
from results.plan import Fault
from scenarios.language import event_schema as events
from scenarios.language.document import DataPath, Problem
from scenarios.language.quantities import time_text

LEAST_ABSENCE_NS = 100 * MS
"""A process takes some tens of milliseconds to be gone; no new one can be in its place before."""

_ENDING = (events.RelayRestart, events.RelayKill, events.ControllerRestart, events.DirectoryDown)
"""Events that end a process and start another."""


def too_short(event: events.Event, path: DataPath) -> Iterator[Problem]:
    """A process that is to be replaced sooner than it can be gone."""
    if isinstance(event, _ENDING) and event.lasts < LEAST_ABSENCE_NS:
        right = f"write at least {time_text(LEAST_ABSENCE_NS)}"
        yield Problem((*path, "for"), f"a process takes some tens of ms to end, and a new one comes after it; {right}")


def overlaps(faults: Sequence[tuple[Fault, int]]) -> Iterator[Problem]:
    """Two faults on one process that overlap or touch; each comes with the number of its event."""
    struck = [each for each in faults if each[0].process]
    for one, other in itertools.combinations(struck, 2):
        (first, _), (second, event) = sorted((one, other), key=lambda each: each[1])
        if first.process == second.process and _meet(first, second):
            times = f"from {time_text(first.at_ns)} to {time_text(first.until_ns)}"
            text = f"{second.process} has a {first.what} already {times}; let one end before the other begins"
            yield Problem(("events", event, "at"), text)


def _meet(one: Fault, other: Fault) -> bool:
    return one.at_ns <= other.until_ns and other.at_ns <= one.until_ns
