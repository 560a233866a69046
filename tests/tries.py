"""Measurements of time that are repeated: other work on the machine makes things late, never early."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from run_record import InconclusiveError

from hostio.procfs import CoreTimes, read_cores

TRIES = 10

MOST_STOLEN_SHARE = 0.01
"""Of the processor time of all cores that the machine's own host may keep while something is measured."""

LEAST_IDLE_SHARE = 0.5
"""Of that processor time, for a machine to count as quiet; what is measured leaves most of it idle."""

Measured = TypeVar("Measured")


def best(measure: Callable[[], Measured], good: Callable[[Measured], bool]) -> Measured:
    """The first of at most TRIES measurements that is good, or else the last of those taken on a quiet machine.

    What is slow by itself never is good. InconclusiveError if none was good and the machine never quiet.
    """
    on_quiet_machine = []
    for _ in range(TRIES):
        before = read_cores()
        found = measure()
        if good(found):
            return found
        if _quiet(before, read_cores()):
            on_quiet_machine.append(found)
    if not on_quiet_machine:
        raise InconclusiveError(f"the machine was busy in all of {TRIES} measurements; the last one: {found}")
    return on_quiet_machine[-1]


def _quiet(before: Mapping[int, CoreTimes], after: Mapping[int, CoreTimes]) -> bool:
    spent = [CoreTimes(*(b - a for a, b in zip(before[core], after[core], strict=True))) for core in before]
    whole = sum(map(sum, spent))
    stolen, idle = sum(each.stolen_ns for each in spent), sum(each.idle_ns for each in spent)
    return stolen <= MOST_STOLEN_SHARE * whole and idle >= LEAST_IDLE_SHARE * whole
