"""What a plan says of the load of relays, for policies that heed it. Pure."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

from controller.traffic import PairTraffic, RelayCapacity, Traffic
from relay_app.ports import LANES
from relay_app.program_media import PROGRAM_MEDIA
from relay_app.streams import media_of, streams_of
from results.run_files.plan import Plan


def expected_traffic(plan: Plan) -> Traffic:
    """Packets a second of all relayed streams by pair and lane, rounded up, and the capacities stated.

    Each stream counts with the most packets a second of its media, as if it sent all the time; a sender that restarts
    with another SSRC counts once for each. WebRTC calls and direct sessions take no lane.
    """
    ours = media_of(plan.sessions)
    lanes: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0] * LANES)
    records: Counter[tuple[str, str]] = Counter()
    for stream in streams_of(plan.sessions, plan.seed):
        if stream.relayed:
            media = PROGRAM_MEDIA.get(stream.media) or ours[stream.media]
            ends = min(stream.source, stream.destination), max(stream.source, stream.destination)
            lanes[ends][stream.lane] += media.packets_per_s
            records[ends] += stream.taken is None
    return Traffic(
        tuple(PairTraffic(a, b, tuple(map(math.ceil, each)), records[a, b]) for (a, b), each in lanes.items()),
        tuple(RelayCapacity(cluster, packets) for cluster, packets in plan.relays.capacity.items()),
    )
