"""One-way latency beyond the links: what relays, switches, queues and faults added to each packet. Pure."""

from __future__ import annotations

import numpy as np

from results.analysis import RELAYS_IN_PATH, Analysis
from results.matching import Ints
from topologies.model import Topology

UNKNOWN = -1


def added_delays(analysis: Analysis, topology: Topology) -> Ints:
    """One-way latency of each packet that arrived, less the nominal delays of the links along its path log, ns.

    A packet whose path log holds something else than linked clusters is left out.
    """
    packets = analysis.matched.packets
    arrived = packets.arrived
    paths, which = np.unique(packets.path[arrived], return_inverse=True)
    emulated = np.array([path_delay_ns(topology, int(path)) for path in paths], dtype=np.int64)[which]
    latency = packets.received_ns[arrived] - packets.sent_ns[arrived]
    added: Ints = (latency - emulated)[emulated != UNKNOWN]
    return added


def path_delay_ns(topology: Topology, path: int) -> int:
    """Sum of the links' nominal one-way delays along a path log, ns; UNKNOWN if it is no path of this topology."""
    names = {cluster.ordinal: cluster.name for cluster in topology.clusters}
    ordinals = [ordinal for place in range(RELAYS_IN_PATH) if (ordinal := path >> (8 * place) & 0xFF)]
    if not ordinals:
        return UNKNOWN
    try:
        return topology.one_way_ns(*(names[ordinal] for ordinal in ordinals))
    except KeyError:
        return UNKNOWN
