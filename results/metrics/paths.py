"""The relays that a packet passed, as its path log (an RTP header extension, RFC 8285) names them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from relay_app.program_media import PROGRAM_MEDIA
from relay_app.rtp import PATH_HOPS
from relay_app.streams import Stream
from results.metrics.matching import Flags, Ints
from results.metrics.nearly_ordered import distinct
from results.run_files.plan import Plan
from topologies.model import Topology

_PATH_BITS = 8 * PATH_HOPS
_PATH = (1 << _PATH_BITS) - 1


class Way(NamedTuple):
    """Ends of a stream, and the path log of packets of it."""

    source: str
    destination: str
    path: int


def by_way(streams: Sequence[Stream], stream: Ints, path: Ints) -> Iterator[tuple[Way, Ints]]:
    """The ways of packets, and the places of those that went each. `stream`: index in `streams`, of each packet."""
    ends = list(dict.fromkeys((each.source, each.destination) for each in streams))
    number = {pair: place for place, pair in enumerate(ends)}
    pair = np.array([number[each.source, each.destination] for each in streams], np.int64)[stream]
    ways, which = distinct(pair << _PATH_BITS | path)
    for at, way in enumerate(ways.tolist()):
        source, destination = ends[way >> _PATH_BITS]
        yield Way(source, destination, way & _PATH), np.flatnonzero(which == at)


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
