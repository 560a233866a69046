"""The relays that a packet passed, as its path log (an RTP header extension, RFC 8285) names them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from relay_app.rtp import PATH_HOPS
from results.metrics.matching import Flags, Ints
from topologies.model import Topology


def relays_passed(path: int, topology: Topology, ends: Iterable[str]) -> tuple[str, ...]:
    """Names of the relays in a path log, without those at `ends`, in the order passed."""
    names = {cluster.ordinal: cluster.name for cluster in topology.clusters}
    excluded = set(ends)
    passed = (names.get(ordinal, "") for ordinal in path_ordinals(path))
    return tuple(name for name in passed if name and name not in excluded)


def path_ordinals(path: int) -> list[int]:
    """Ordinals of the clusters in a path log (an RTP header extension, RFC 8285), in the order passed."""
    return [ordinal for place in range(PATH_HOPS) if (ordinal := path >> (8 * place) & 0xFF)]


def passes(paths: Ints, ordinal: int) -> Flags:
    """Flags the path logs that contain a cluster's ordinal."""
    found = np.zeros(len(paths), dtype=bool)
    for place in range(PATH_HOPS):
        found |= (paths >> (8 * place) & 0xFF) == ordinal
    return found


def route_name(via: Sequence[str]) -> str:
    """A route as text: the relays passed, or `direct`."""
    return "via " + " and ".join(via) if via else "direct"
