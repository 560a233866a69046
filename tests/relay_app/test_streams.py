from __future__ import annotations

from collections import Counter

from relay_app.ports import LANES
from relay_app.streams import SessionGroup, lane_of, streams_of


def test_sessions_spread_over_all_lanes() -> None:
    streams = streams_of([SessionGroup("g", "a", "b", 800, "voice")], 1)
    lanes = Counter(stream.lane for stream in streams)
    assert set(lanes) == set(range(LANES))
    assert max(lanes.values()) < 1.5 * len(streams) / LANES


def test_neighbouring_ssrcs_spread_too() -> None:
    assert Counter(lane_of(ssrc) for ssrc in range(1600)).most_common(1)[0][1] < 120
