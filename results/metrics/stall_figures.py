"""The stalls of relays that are programs, without those that a fault explains. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hostio.timing import MS, S
from relay_app.records import SENT
from relay_app.streams import streams_of
from results.metrics.analysis import Analysis, Evidence
from results.metrics.system_figures import ProgramStallRow
from results.run_files.faults import Process, ProcessFault
from results.run_files.program_stalls import ProgramStall

_LEAST_NS = 1 * S
"""What is left of a silence beside faults on the relay is a stall from this length on."""

_READ_EVERY_NS = 250 * MS
"""A silence begins at a reading before it, so much earlier than it did at most."""

Span = tuple[int, int]


def stall_rows(evidence: Evidence, analysis: Analysis, cluster: str) -> list[ProgramStallRow] | None:
    """The stalls that were seen of a cluster's program; None without samples."""
    programs = evidence.programs
    if programs is None or cluster not in programs.stalls:
        return None
    rows = (_row(evidence, analysis, cluster, stall) for stall in programs.stalls[cluster].stalls)
    return [row for row in rows if row]


def _row(evidence: Evidence, analysis: Analysis, cluster: str, stall: ProgramStall) -> ProgramStallRow | None:
    """A stall; None if it is a silence that faults on the relay explain, or in which it had nothing to send."""
    silent = max(_silences(evidence, cluster, stall), key=_length, default=(0, 0))
    if _length(silent) >= _LEAST_NS:
        at_ns, silent_s = silent[0], round(_length(silent) / S, 3)
    elif stall.lane is not None:
        at_ns, silent_s = stall.from_ns, None
    else:
        return None
    return ProgramStallRow(stall.lane, analysis.seconds(at_ns), stall.stacks, stall.untold, silent_s)


def _silences(evidence: Evidence, cluster: str, stall: ProgramStall) -> Iterator[Span]:
    """The parts of a stall in which frames came, none left although some were to, and no fault was on the relay."""
    if stall.until_ns is None:
        return
    begin_ns, end_ns = _work(evidence, cluster, (stall.from_ns, stall.until_ns))
    for applied in sorted(evidence.applied_faults, key=lambda each: each.from_ns):
        fault = applied.fault
        if isinstance(fault, ProcessFault) and fault.process == Process("relay", cluster):
            yield begin_ns, min(applied.from_ns - _READ_EVERY_NS, end_ns)
            begin_ns = max(begin_ns, applied.until_ns)
    yield begin_ns, end_ns


def _work(evidence: Evidence, cluster: str, span: Span) -> Span:
    """The part of a span in which the relay is known to have had something to send to other hosts; empty if none is.

    What comes to a cluster in which sessions end stays there, and what its own clients send leaves, if they do: in a
    session of one direction, or while nobody speaks, they do not.
    """
    plan, (from_ns, until_ns) = evidence.plan, span
    of_here = [each for each in streams_of(plan.sessions, plan.seed) if cluster in (each.source, each.destination)]
    if not any(each.relayed for each in of_here):
        return span
    sent = evidence.recording.sent.get(cluster, np.empty(0, SENT))
    own = np.isin(sent["ssrc"], [each.ssrc for each in of_here if each.relayed and each.source == cluster])
    within = sent["sent_ns"][own & (sent["sent_ns"] >= from_ns) & (sent["sent_ns"] <= until_ns)]
    return (int(within.min()), int(within.max())) if len(within) else (until_ns, until_ns)


def _length(span: Span) -> int:
    return span[1] - span[0]
