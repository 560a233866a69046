"""What to do about checks that did not hold. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from results.fidelity.processor import CLOCK_STEP, STOLEN, STOLEN_SECOND
from results.summary import Check, MachineFigures

MUCH_PERCENT = 20.0
"""Of the machine's processor time in a second: what other programs take beyond it is worth a word."""

_NOT_THE_LOAD = frozenset((STOLEN, STOLEN_SECOND, CLOCK_STEP))


def advice(broken: Sequence[Check], machine: MachineFigures | None) -> Iterator[str]:
    """Sentences; none where a value is unknown."""
    measured = {check.check for check in broken if check.value is not None}
    if measured & {STOLEN, STOLEN_SECOND}:
        yield "the machine's host kept the processor for others: run it again when the host is quieter"
    if CLOCK_STEP in measured:
        yield "somebody set the machine's clock: let nothing but a slewing time service set it while runs last"
    if measured - _NOT_THE_LOAD:
        yield from _about_load(machine)


def _about_load(machine: MachineFigures | None) -> Iterator[str]:
    if machine and machine.others.percent >= MUCH_PERCENT:
        took = f"other programs took {machine.others.percent:g} % of the processor in the second after {_at(machine)}"
        yield f"{took}: end them, or run it again when the machine is quieter"
        return
    if machine:
        yield f"the busiest core was used to {machine.core.percent:g} % in the second after {machine.core.at:.0f} s"
    yield "if that happens again this machine cannot carry the load: lower sessions.*.count, or use voice-100ms"


def _at(machine: MachineFigures) -> str:
    return f"{machine.others.at:.0f} s"
