"""The summary's view of the machine. Pure."""

from __future__ import annotations

from results.analysis import Analysis, Evidence
from results.figures import MachineFigures, WorstSecond
from results.machine_use import Peak, machine_use, softnet_growth


def machine_figures(evidence: Evidence, analysis: Analysis) -> MachineFigures | None:
    """None where nobody watched the machine while media flowed."""
    use = machine_use(evidence.samples, analysis.start_ns, analysis.end_ns)
    if use is None or evidence.samples is None:
        return None

    def worst(peak: Peak) -> WorstSecond:
        return WorstSecond(round(100 * peak.share, 1), analysis.seconds(peak.at_ns))

    return MachineFigures(
        used=worst(use.used_most),
        others=worst(use.others_most),
        core=worst(use.core_most),
        stolen=worst(use.stolen_most),
        squeezed=softnet_growth(evidence.samples, "softnet_squeezed"),
        upcalls=evidence.machine.lookups.missed if evidence.machine else None,
    )
