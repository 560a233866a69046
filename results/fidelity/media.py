"""Were the media sent on time, and the links as slow as they should be?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from results.analysis import Analysis, Evidence
from results.fidelity.checks import count, in_ms
from results.metrics import quantile, slices, unmatched
from results.probe_delay import probe_excess
from results.summary import Check


def media_checks(evidence: Evidence, analysis: Analysis) -> Iterator[Check]:
    """Pacing, whole records, and the delay that probes saw which pass no relay."""
    yield from _pacing(evidence, analysis)
    yield from _records(evidence, analysis)
    yield from _delay(evidence, analysis)


def _pacing(evidence: Evidence, analysis: Analysis) -> Iterator[Check]:
    limits, packets = evidence.plan.fidelity, analysis.matched.packets
    late_ms = np.abs(packets.sent_ns - packets.due_ns) / 1e6
    yield in_ms("99th percentile of media pacing error", quantile(late_ms, 0.99), limits.pacing_p99_ns)
    yield in_ms("largest media pacing error", quantile(late_ms, 1.0), limits.pacing_max_ns)


def _records(evidence: Evidence, analysis: Analysis) -> Iterator[Check]:
    matched = analysis.matched
    yield count("packets received that nobody sent", unmatched(matched) if evidence.recording.streams else None)
    silent = len(matched.streams) - len(slices(matched.packets.stream))
    unrecorded = len(matched.unrecorded) + silent
    planned = 2 * sum(group.count for group in evidence.plan.sessions)
    missing = planned - len(matched.streams) - len(matched.unrecorded)
    yield count("directions without records", unrecorded + max(missing, 0))


def _delay(evidence: Evidence, analysis: Analysis) -> Iterator[Check]:
    limits = evidence.plan.fidelity
    excess_ms = probe_excess(evidence, analysis.start_ns, analysis.end_ns) / 1e6
    yield in_ms("median delay of probes beyond the emulated one", quantile(excess_ms, 0.5), limits.delay_p50_ns)
    yield in_ms("99th percentile of that delay", quantile(excess_ms, 0.99), limits.delay_p99_ns)
