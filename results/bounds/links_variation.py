"""What the emulated links' own delay variation makes of gaps between packets of which none is missing. Pure; ns.

Such a gap is a pause, not an interruption, unless it is longer than that explains (`results.metrics.interruptions`).
The same holds of the longest that it can have been without the machine's doings.
"""

from __future__ import annotations

import numpy as np

from results.bounds.chains import moved_in
from results.bounds.effects import Effects
from results.bounds.gaps import Gaps
from results.metrics.analysis import Analysis, Evidence
from results.metrics.delay_bounds import delay_bounds
from results.metrics.link_variation import Parting, explained_ns
from results.metrics.matching import Flags, Ints, Packets


def might_miss_packets(
    evidence: Evidence, analysis: Analysis, effects: Effects, gaps: Gaps, interval_ns: Ints
) -> Flags:
    """Flags gaps in which a packet might be missing although none is: beside an edge of a fault, or if the stream was
    moved."""
    found = moved_in(evidence, analysis.matched.streams, gaps.stream, gaps.from_ns, gaps.until_ns)
    for edge_ns in effects.edges.losing_ns:
        found = found | ((gaps.from_ns - interval_ns <= edge_ns) & (edge_ns <= gaps.until_ns))
    return found


def explained_by_links(evidence: Evidence, analysis: Analysis, gaps: Gaps, wanted: Flags) -> Ints:
    """How much of each gap the links explain; 0 of those that are not wanted, and of those in which a packet is
    missing."""
    packets, streams = analysis.matched.packets, analysis.matched.streams
    wanted = wanted & (gaps.before >= 0) & (gaps.after >= 0)
    wanted[wanted] = _none_missing(packets, gaps.before[wanted], gaps.after[wanted])
    own = gaps.chosen(wanted)
    begin = np.searchsorted(packets.stream, np.arange(len(streams) + 1))
    parting = Parting(begin[own.stream], begin[own.stream + 1], own.from_ns, own.after, _furthest_heard(analysis, own))
    found = np.zeros(len(gaps.stream), np.int64)
    found[wanted] = explained_ns(packets, streams, parting, delay_bounds(evidence.plan, evidence.fault_edges))
    return found


def _none_missing(packets: Packets, before: Ints, after: Ints) -> Flags:
    """Flags rows of Packets between which all packets arrived."""
    missing = np.append(0, np.cumsum(~packets.arrived))
    found: Flags = missing[np.maximum(before + 1, after)] == missing[before + 1]
    return found


def _furthest_heard(analysis: Analysis, gaps: Gaps) -> Ints:
    """The row in Packets that is latest in sequence of those heard until each gap began, or the gap's own."""
    order = analysis.order
    place = np.full(len(analysis.matched.packets.seq), -1, np.int64)
    place[order.packet] = np.arange(len(order.packet))
    latest = np.maximum.accumulate(order.packet)
    found: Ints = np.append(latest, -1)[place[gaps.before]]
    return found
