"""Every check of a run, in a fixed order."""

from __future__ import annotations

from results.fidelity.checks import FidelityCheck
from results.fidelity.events import event_checks
from results.fidelity.losses import loss_checks
from results.fidelity.timing import lateness_checks, media_checks, processor_checks
from results.metrics.analysis import Analysis, Evidence


def fidelity_checks(evidence: Evidence, analysis: Analysis) -> list[FidelityCheck]:
    """What was measured of the testbed, beside the limits of the run's plan."""
    return [
        *media_checks(evidence, analysis),
        *lateness_checks(evidence),
        *loss_checks(evidence),
        *processor_checks(evidence, analysis),
        *event_checks(evidence, analysis),
    ]
