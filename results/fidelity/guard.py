"""Every check of a run, in a fixed order."""

from __future__ import annotations

from results.analysis import Analysis, Evidence
from results.fidelity.events import event_checks
from results.fidelity.losses import loss_checks
from results.fidelity.media import media_checks
from results.fidelity.processor import processor_checks
from results.fidelity.wakeups import lateness_checks
from results.summary import Check


def fidelity(evidence: Evidence, analysis: Analysis) -> list[Check]:
    """What was measured of the testbed, beside the limits of the run's plan."""
    return [
        *media_checks(evidence, analysis),
        *lateness_checks(evidence),
        *loss_checks(evidence),
        *processor_checks(evidence, analysis),
        *event_checks(evidence, analysis),
    ]
