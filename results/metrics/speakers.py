"""Figures of speakers' own pauses: how many there were, and which outages nobody heard because of one. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from relay_app.calls import ALWAYS
from relay_app.streams import spans_of, streams_of
from results.metrics.analysis import Analysis, AppliedFault, Evidence
from results.metrics.delay_bounds import delay_bounds
from results.metrics.matching import Ints
from results.run_files.faults import LinkFault


def speaker_pauses(analysis: Analysis) -> tuple[Ints, Ints]:
    """Of each pause of a speaker between two packets of media: the row of the packet that ended it, and its length, ns,
    beyond a packet interval."""
    streams = analysis.matched.streams
    return analysis.speech.speaker_pauses(
        np.array([analysis.intervals.get(each.media, 0) for each in streams], np.int64)
    )


def outages_in_pauses(evidence: Evidence, analysis: Analysis, margin_ns: int = 0) -> int:
    """How often an outage on the path of a stream began and ended within a pause of its speaker.

    `margin_ns`: by how much it had to begin later than the pause and end earlier; of less than 0, could. An outage is a
    fault on a link that loses every packet, or some.
    """
    outages = [each for each in evidence.applied_faults if isinstance(each.fault, LinkFault) and _loses(each.fault)]
    return sum(1 for _ in _within_pauses(evidence, analysis, outages, margin_ns)) if outages else 0


def _within_pauses(
    evidence: Evidence, analysis: Analysis, outages: list[AppliedFault], margin_ns: int
) -> Iterator[AppliedFault]:
    packets, streams = analysis.matched.packets, analysis.matched.streams
    route = delay_bounds(evidence.plan, evidence.fault_edges).route
    ends, _ = speaker_pauses(analysis)
    begins = analysis.speech.last_talk[ends]
    for applied in outages:
        inside = packets.sent_ns[begins] + margin_ns < applied.from_ns
        inside &= applied.until_ns < packets.sent_ns[ends] - margin_ns
        for row in begins[inside].tolist():
            stream = streams[packets.stream[row]]
            way = route(stream.source, stream.destination, int(packets.path[row]))
            if isinstance(applied.fault, LinkFault) and set(way) & set(applied.fault.directions):
                yield applied


def _loses(fault: LinkFault) -> bool:
    change = fault.change
    return bool(change.up is False or change.blackhole or change.loss)


def directions_without_records(evidence: Evidence, analysis: Analysis) -> int:
    """Streams of the plan of which an end has no records, or of which no packet was sent although one was due."""
    matched, plan = analysis.matched, evidence.plan
    spans, sent = spans_of(plan.sessions, plan.seed), set(np.flatnonzero(np.bincount(matched.packets.stream)).tolist())
    silent = 0
    for number, stream in enumerate(matched.streams):
        interval_ns = analysis.intervals.get(stream.media, 0)
        times = (span.until_ns - span.from_ns for span in spans.get(stream.ssrc, ALWAYS) if not span.noise_ns)
        silent += number not in sent and max(times, default=0) > interval_ns
    planned = len(streams_of(plan.sessions, plan.seed))
    missing = planned - len(matched.streams) - len(matched.unrecorded)
    return len(matched.unrecorded) + silent + max(missing, 0)
