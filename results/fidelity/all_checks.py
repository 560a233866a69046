"""Runs every fidelity check, in a fixed order."""

from __future__ import annotations

from results.fidelity.checks import FidelityCheck
from results.fidelity.events import event_checks
from results.fidelity.losses import loss_checks
from results.fidelity.timing import lateness_checks, media_checks, processor_checks
from results.metrics.analysis import Analysis, Evidence


def fidelity_checks(evidence: Evidence, analysis: Analysis) -> list[FidelityCheck]:
    """The checks of a run, each with the value found and the limit of the plan; the ledger's is `ledger_check`."""
    return [
        *media_checks(evidence, analysis),
        *lateness_checks(evidence),
        *loss_checks(evidence),
        *processor_checks(evidence, analysis),
        *event_checks(evidence, analysis),
    ]
