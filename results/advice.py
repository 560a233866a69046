"""What to do about checks that did not hold. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from results.fidelity.processor import CLOCK_STEP, STOLEN, STOLEN_SECOND
from results.figures import MachineFigures
from results.summary import Check

MUCH_PERCENT = 20.0
"""Of the machine's processor time in a second: what other programs take beyond it is worth a word."""

STOLEN_PERCENT = 5.0
"""Of a core's second: 50 ms, in one piece, are."""

_STEAL = frozenset((STOLEN, STOLEN_SECOND))


def advice(broken: Sequence[Check], machine: MachineFigures | None) -> Iterator[str]:
    """Sentences; none where a value is unknown."""
    measured = {check.check for check in broken if check.value is not None}
    if CLOCK_STEP in measured:
        yield "somebody set the machine's clock: let nothing but a slewing time service set it while runs last"
    found_late = bool(measured - _STEAL - {CLOCK_STEP})
    culprits = list(_culprits(machine)) if found_late and machine else []
    if measured & _STEAL and not culprits:
        yield "the machine's host kept the processor for others: run it again when the host is quieter"
    yield from culprits
    if found_late and not culprits:
        yield from _about_load(machine)


def _culprits(machine: MachineFigures) -> Iterator[str]:
    """Who took the processor from the run, if somebody did."""
    others, stolen = machine.others, machine.stolen
    if others.percent >= MUCH_PERCENT:
        took = f"other programs took {others.percent:g} % of the processor in the second after {others.at:.0f} s"
        yield f"{took}: end them, or run it again when the machine is quieter"
    if stolen.percent >= STOLEN_PERCENT:
        kept = (
            f"the machine's host kept {stolen.percent:g} % of a core for others in the second after {stolen.at:.0f} s"
        )
        yield f"{kept}: run it again when the host is quieter"


def _about_load(machine: MachineFigures | None) -> Iterator[str]:
    if machine:
        yield f"the busiest core was used to {machine.core.percent:g} % in the second after {machine.core.at:.0f} s"
    yield "if that happens again this machine cannot carry the load: lower sessions.*.count, or use voice-100ms"
