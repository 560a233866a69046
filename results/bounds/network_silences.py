"""Silences that links alone began and ended: the controller had no part in them, and relays a small one. Pure.

Packets before and after took the same path, none of the relays on it made packets wait for long, and the controller
moved nothing meanwhile and could not have. Then a silence can have been longer or shorter only by what made its own
last packet before and first packet after late, by the longest wait for a lock in those relays, by edges of faults at
the wrong time, and by a packet that came to a link so close to an edge that it can have met it either way.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hostio.lateness import HOLD_UP_NS
from hostio.timing import MS
from results.bounds.chains import moved_in, waited_for_a_lock
from results.bounds.effects import CLOSE_NS, Effects
from results.bounds.gaps import Gaps
from results.bounds.latency import QUEUED_NS, queued
from results.metrics.analysis import Analysis, Evidence
from results.metrics.delay_bounds import Transits, delay_bounds
from results.metrics.matching import Flags, Ints, Packets
from results.metrics.paths import passes
from results.metrics.streams import Floats
from results.metrics.system_figures import RelayFigures
from results.run_files.faults import LinkFault


def of_network(
    evidence: Evidence, analysis: Analysis, relays: Mapping[str, RelayFigures], effects: Effects, gaps: Gaps
) -> Flags:
    """Flags the gaps that links alone began and ended."""
    streams = analysis.matched.streams
    known = (gaps.before >= 0) & (gaps.after >= 0) & ~gaps.still
    if effects.doubt is not None:
        known &= gaps.until_ns <= effects.doubt.from_ns
    if not known.any():
        return known
    path = analysis.matched.packets.path
    found: Flags = (
        known
        & (path[gaps.before] == path[gaps.after])
        & ~_after_a_wait(evidence, analysis, gaps)
        & ~_past_slow_relay(evidence, analysis, relays, path[gaps.after])
        & ~moved_in(evidence, streams, gaps.stream, gaps.from_ns, gaps.until_ns)
        & ~_process_fault_in(evidence, gaps)
    )
    if evidence.plan.controller.may_reroute:
        found &= gaps.until_ns - gaps.from_ns < effects.detection_ns
    return found


def shortest_and_longest(
    evidence: Evidence,
    analysis: Analysis,
    relays: Mapping[str, RelayFigures],
    effects: Effects,
    gaps: Gaps,
    interval_ns: Ints,
) -> tuple[Floats, Floats]:
    """The least and the most that each gap can have lasted without the machine's doings if links alone ended it, ns."""
    packets = analysis.matched.packets
    late_before, late_after = (
        _sent_late(packets, rows) + effects.held.path.overlap(packets.sent_ns[rows], packets.received_ns[rows])
        for rows in (gaps.before, gaps.after)
    )
    locks_ns = _waited_for_locks(evidence, relays, gaps.path)
    edges_ns = effects.edges.within(gaps.from_ns - interval_ns, gaps.until_ns)
    edges_ns = edges_ns + np.where(edges_ns > 0, interval_ns, 0)
    spared, cost = _left_to_chance(evidence, analysis, effects, gaps, interval_ns, locks_ns)
    # Only the two packets at its ends were under way: a gap is known as well as two trips are.
    noise_ns = locks_ns + effects.noise_ns(packets.sent_ns[gaps.after], packets.received_ns[gaps.after])
    length_ns = gaps.until_ns - gaps.from_ns
    least: Floats = np.maximum(length_ns - late_after - edges_ns - spared * interval_ns - noise_ns, 0.0)
    most: Floats = length_ns + late_before + edges_ns + cost * interval_ns + noise_ns
    return least, most


def _left_to_chance(
    evidence: Evidence, analysis: Analysis, effects: Effects, gaps: Gaps, interval_ns: Ints, locks_ns: Ints
) -> tuple[Ints, Ints]:
    """How many of the packets lost at the ends of each gap can have been spared, and how many of those heard lost.

    On a path of one link it shows which: a packet that is lost after an edge, or heard after one, can have come to the
    link before it had it not been late; and what is close to an edge can be on either side of it. On a longer path any
    edge can have met any packet.
    """
    packets, last = analysis.matched.packets, len(analysis.matched.packets.sent_ns) - 1
    first_missing, last_missing = np.minimum(gaps.before + 1, last), np.maximum(gaps.after - 1, 0)
    spared, cost = np.zeros(len(gaps.stream), np.int64), np.zeros(len(gaps.stream), np.int64)
    close_ns = CLOSE_NS + locks_ns
    one_link = _of_one_link(evidence, analysis, gaps)
    for edge_ns in effects.edges.losing_ns:
        for count, rows, is_late in (
            (spared, first_missing, True),
            (spared, last_missing, False),
            (cost, gaps.before, False),
            (cost, gaps.after, True),
        ):
            sent_ns = packets.sent_ns[rows]
            late_ns = _late_beside(packets, effects, rows, interval_ns) if is_late else 0
            close = (sent_ns > edge_ns - close_ns) & (sent_ns - late_ns < edge_ns + close_ns)
            around = (gaps.from_ns - interval_ns <= edge_ns) & (edge_ns <= gaps.until_ns)
            count += np.where(one_link, close, around)
    return spared, cost


def _waited_for_locks(evidence: Evidence, relays: Mapping[str, RelayFigures], path: Ints) -> Ints:
    """The longest waits for locks in the relays of each path log in sum, ns: each packet may have had a part in one."""
    total = np.zeros(len(path), np.int64)
    for cluster in evidence.plan.topology.clusters:
        if cluster.name in relays:
            longest_ms = relays[cluster.name].lock_wait_ms.max or 0.0
            total += np.where(passes(path, cluster.ordinal), round(longest_ms * MS), 0)
    return total


def _of_one_link(evidence: Evidence, analysis: Analysis, gaps: Gaps) -> Flags:
    """Flags gaps of streams whose clusters a link joins, and whose packets passed no relay between."""
    joined = {frozenset((link.a, link.b)) for link in evidence.plan.topology.links}
    direct = [frozenset((each.source, each.destination)) in joined for each in analysis.matched.streams]
    between = np.zeros(len(gaps.stream), dtype=bool)
    for cluster in evidence.plan.topology.clusters:
        at_end = [cluster.name in (each.source, each.destination) for each in analysis.matched.streams]
        between |= passes(gaps.path, cluster.ordinal) & ~np.array(at_end, bool)[gaps.stream]
    found: Flags = np.array(direct, bool)[gaps.stream] & ~between
    return found


def _past_slow_relay(evidence: Evidence, analysis: Analysis, relays: Mapping[str, RelayFigures], path: Ints) -> Flags:
    """Flags path logs with a relay in which packets waited for a lock, or were lost because it was slow."""
    found = np.zeros(len(path), dtype=bool)
    for cluster in evidence.plan.topology.clusters:
        figures = relays.get(cluster.name)
        if (
            figures is None
            or figures.receive_buffer
            or figures.stalls
            or waited_for_a_lock(evidence, analysis, cluster.name, figures)
        ):
            found |= passes(path, cluster.ordinal)
    return found


def _after_a_wait(evidence: Evidence, analysis: Analysis, gaps: Gaps) -> Flags:
    """Flags gaps whose first packet after was under way for longer than the links on its path, faults included, and
    moments in relays explain."""
    bounds = delay_bounds(evidence.plan, evidence.fault_edges)
    packets, streams = analysis.matched.packets, analysis.matched.streams
    found: Flags = queued(evidence, analysis)[gaps.after] & (gaps.after >= 0)
    last = Transits.of(packets, gaps.after[found])
    found[found] = last.received_ns - last.sent_ns - bounds.longest_ns(streams, last) >= QUEUED_NS
    return found


def _process_fault_in(evidence: Evidence, gaps: Gaps) -> Flags:
    """Flags gaps in which a fault on a process was in force."""
    found = np.zeros(len(gaps.stream), dtype=bool)
    for applied in evidence.applied_faults:
        if not isinstance(applied.fault, LinkFault):
            found |= applied.meets(gaps.from_ns, gaps.until_ns)
    return found


def _late_beside(packets: Packets, effects: Effects, rows: Ints, interval_ns: Ints) -> Ints:
    """By how much packets, lost or not, can have come late to the first link, ns."""
    sent_ns = packets.sent_ns[rows]
    late: Ints = _sent_late(packets, rows) + effects.held.path.overlap(sent_ns - interval_ns, sent_ns + interval_ns)
    return late


def _sent_late(packets: Packets, rows: Ints) -> Ints:
    late_ns = packets.sent_ns[rows] - packets.due_ns[rows]
    late: Ints = np.where(late_ns >= HOLD_UP_NS, late_ns, 0)
    return late
