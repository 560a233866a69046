"""One-way delay (RFC 7679) less that of the emulated links: of media, over relays too, and of probes. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hostio.timing import S
from results.metrics.analysis import Analysis, Evidence
from results.metrics.matching import Flags, Ints
from results.metrics.nearly_ordered import distinct
from results.metrics.paths import path_ordinals
from results.run_files.faults import Fault, LinkFault
from results.run_files.records import Rows
from topologies.distributions import LARGEST
from topologies.link_state import LinkChange, LinkState
from topologies.model import Direction, Topology

UNKNOWN = -1


def added_delays(analysis: Analysis, topology: Topology) -> Ints:
    """One-way delay of each packet that arrived, less the nominal delays of the links along its path log, ns.

    Packets whose path log is not a path of this topology are left out.
    """
    packets = analysis.matched.packets
    arrived = packets.arrived
    emulated = emulated_delays(packets.path[arrived], topology)
    latency = packets.received_ns[arrived] - packets.sent_ns[arrived]
    added: Ints = (latency - emulated)[emulated != UNKNOWN]
    return added


def emulated_delays(paths: Ints, topology: Topology) -> Ints:
    """The nominal delay of the links along each path log, ns; UNKNOWN if it is not a path of this topology."""
    known, which = distinct(paths)
    emulated: Ints = np.array([path_delay_ns(topology, int(path)) for path in known], dtype=np.int64)[which]
    return emulated


def path_delay_ns(topology: Topology, path: int) -> int:
    """Sum of the links' nominal one-way delays along a path log, ns; UNKNOWN if it is not a path of this topology.

    Between clusters without a link these are the links of the direct path.
    """
    names = {cluster.ordinal: cluster.name for cluster in topology.clusters}
    ordinals = path_ordinals(path)
    if not ordinals:
        return UNKNOWN
    try:
        return topology.one_way_ns(*(names[ordinal] for ordinal in ordinals))
    except KeyError:
        return UNKNOWN


_SETTLING_NS = 1 * S
"""For at least this long after a fault on delay or rate, packets that it queued may still arrive late."""


def probe_excess(evidence: Evidence, start_ns: int, end_ns: int) -> Ints:
    """One-way delay of each probe sent between two times, less the delay and jitter of its link, ns.

    Probes on a direction that has a rate, or whose delay a fault changed at the time, are left out, because that excess
    is emulated; so are those that overtook others where a fault reordered them, which get no delay.
    """
    parts = [excess for _, excess in probe_excesses(evidence, start_ns, end_ns)]
    excess: Ints = np.concatenate([np.empty(0, np.int64), *parts])
    return excess


def probe_excesses(evidence: Evidence, start_ns: int, end_ns: int) -> Iterator[tuple[Ints, Ints]]:
    """When probes arrived and the excess of each, as `probe_excess` has it, by direction of a link."""
    return (_excess(evidence, direction, rows) for direction, rows in _by_direction(evidence, start_ns, end_ns))


def _by_direction(evidence: Evidence, start_ns: int, end_ns: int) -> Iterator[tuple[Direction, Rows]]:
    topology = evidence.plan.topology
    for destination, rows in evidence.recording.probes.items():
        during = rows[(rows["via"] == 0) & (rows["sent_ns"] >= start_ns) & (rows["sent_ns"] < end_ns)]
        for source in topology.clusters:
            yield Direction(source.name, destination), during[during["source"] == source.ordinal]


def _excess(evidence: Evidence, direction: Direction, rows: Rows) -> tuple[Ints, Ints]:
    if not len(rows):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    way = evidence.plan.topology.one_ways[direction]
    undisturbed = rows[~_disturbed(evidence, direction, rows)]
    received_ns = undisturbed["received_ns"].astype(np.int64)
    return received_ns, received_ns - undisturbed["sent_ns"] - way.delay_ns - way.jitter_ns


def _disturbed(evidence: Evidence, direction: Direction, rows: Rows) -> Flags:
    found = np.full(len(rows), evidence.plan.topology.one_ways[direction].rate_bps is not None)
    for applied in evidence.applied_faults:
        if _changes_delay(applied.fault, direction):
            found |= applied.meets(rows["sent_ns"] - _settling_ns(applied.fault), rows["received_ns"])
        elif _reorders(applied.fault, direction):
            found |= applied.meets(rows["sent_ns"], rows["received_ns"]) & _without_delay(evidence, direction, rows)
    return found


def _without_delay(evidence: Evidence, direction: Direction, rows: Rows) -> Flags:
    """Flags probes that took less than half the delay of their link."""
    found: Flags = rows["received_ns"] - rows["sent_ns"] < evidence.plan.topology.one_ways[direction].delay_ns // 2
    return found


def _settling_ns(fault: Fault) -> int:
    """How long after its end a fault may still delay packets: behind a queue, as long as it made that."""
    change = fault.change if isinstance(fault, LinkFault) else LinkChange()
    jitter_ns = LARGEST * change.jitter.spread_ns if change.jitter else 0
    return max(_SETTLING_NS, change.extra_delay_ns + jitter_ns if change.in_order else 0)


def _changes_delay(fault: Fault, direction: Direction) -> bool:
    state = _state_of(fault, direction)
    return (state.delay_ns, state.jitter, state.rate_bps) != (0, None, None)


def _reorders(fault: Fault, direction: Direction) -> bool:
    return _state_of(fault, direction).reorder > 0


def _state_of(fault: Fault, direction: Direction) -> LinkState:
    """What a fault makes of a direction to which the plan gives nothing."""
    if not isinstance(fault, LinkFault) or direction not in fault.directions:
        return LinkState()
    return fault.change.applied_to(LinkState())
