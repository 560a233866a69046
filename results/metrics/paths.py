"""The relays that a packet passed, as its path log (an RTP header extension, RFC 8285) names them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from relay_app.program_media import PROGRAM_MEDIA
from relay_app.rtp import PATH_HOPS
from relay_app.streams import Stream
from results.metrics.matching import Flags, Ints
from results.run_files.plan import Plan
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


def tells_route(plan: Plan, stream: Stream) -> bool:
    """Whether the packets of a stream tell which relays they passed.

    Those of other programs have no path log, and a relay program may enter nothing in it: a packet over that looks like
    one on the direct path. A stream that no relay carries has but one route.
    """
    between = (each.name for each in plan.topology.clusters if each.name not in (stream.source, stream.destination))
    told = all(program.writes_path_log for cluster in between for program in plan.relay_programs(cluster))
    return not stream.relayed or (told and stream.media not in PROGRAM_MEDIA)
