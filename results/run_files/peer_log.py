"""Reads what a peer of a WebRTC call said of itself: its log, in which each line that is a JSON object is an event."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class InboundStream:
    """Inbound-rtp of getStats() (W3C webrtc-stats) at the end of a call: packetsReceived and packetsLost of an SSRC."""

    received: int
    lost: int


@dataclass(frozen=True, slots=True)
class PeerRecord:
    """`sent`: the SSRCs that it sent, over all its peer connections. `inbound`: what it heard, by SSRC. `connected_ns`
    and `lost_ns`: when each of its peer connections was connected, and lost, CLOCK_MONOTONIC, by number."""

    sent: frozenset[int]
    inbound: Mapping[int, InboundStream]
    connected_ns: Mapping[int, int]
    lost_ns: Mapping[int, int]


def peer_record(log: str) -> PeerRecord:
    """What a peer's log says; of one that was cut off, what there is."""
    events = [*_events(log)]
    of = {kind: [each for each in events if each["event"] == kind] for kind in {each["event"] for each in events}}
    return PeerRecord(
        sent=frozenset(each["ssrc"] for each in of.get("outbound-rtp", ())),
        inbound={each["ssrc"]: InboundStream(each["received"], each["lost"]) for each in of.get("inbound-rtp", ())},
        connected_ns={each["connection"]: each["at_ns"] for each in of.get("connected", ())},
        lost_ns={each["connection"]: each["at_ns"] for each in of.get("lost", ())},
    )


def _events(log: str) -> Iterator[dict[str, Any]]:
    for line in log.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict) and "event" in said:
            yield said
