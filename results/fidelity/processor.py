"""Had the run the machine's processor, and its clock?

That a core was busy is no doubt in itself: where it hurt, something was late. It is said where a check did not hold.
"""

from __future__ import annotations

from collections.abc import Iterator

from results.analysis import Analysis, Evidence
from results.fidelity.checks import in_ms, in_percent
from results.machine_use import clock_step_ns, machine_use
from results.summary import Check

STOLEN = "processor time stolen"
STOLEN_SECOND = "processor time stolen from a core in its worst second"
CLOCK_STEP = "largest step of the machine's realtime clock"


def processor_checks(evidence: Evidence, analysis: Analysis) -> Iterator[Check]:
    """What the machine's own host kept for others, and whether somebody set the clock."""
    limits = evidence.plan.fidelity
    use = machine_use(evidence.samples, analysis.start_ns, analysis.end_ns)
    yield in_percent(STOLEN, use.stolen if use else None, limits.steal)
    yield in_percent(STOLEN_SECOND, use.stolen_most.share if use else None, limits.steal_second)
    step_ns = clock_step_ns(evidence.samples) if use and evidence.samples else None
    yield in_ms(CLOCK_STEP, None if step_ns is None else step_ns / 1e6, limits.clock_step_ns)
