"""What a scenario sends over its links, by kind: sizes, protocols and ports. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from relay_app.media_profiles import NOISE_PAYLOAD_TYPE, OVERHEAD_BYTES, PROFILES
from relay_app.ports import (
    ANSWER_PORT,
    CANARY_PORT,
    CLIENT_PORT,
    CONNECTION_PORT,
    DIRECTORY_PORT,
    LANE_PORT,
    LANES,
    PROBE_PORT,
    REFRESH_PORT,
    SENDER_PORT,
)
from relay_app.probing.stamp import PROBE_FRAME_BYTES
from relay_app.refreshes import REFRESH_PAYLOAD_BYTES, REFRESH_PAYLOAD_TYPE
from scenarios.language.schema import ScenarioFile
from scenarios.language.session_media import GroupMedia, media_of_groups
from topologies.bfd import BFD_DSCP, BFD_FRAME_BYTES, BFD_PORT
from topologies.frame_match import Traffic

_LANE_PORTS = tuple(range(LANE_PORT, LANE_PORT + LANES))
_MEDIA_PORTS = (SENDER_PORT, *_LANE_PORTS, CLIENT_PORT)
_FULL_FRAME = 1514
"""Bytes of the largest frame on a link with the Ethernet's MTU: TCP fills it when there is enough to send."""


def traffic_of(scenario: ScenarioFile) -> tuple[Traffic, ...]:
    """Every kind of frame that a scenario may send from one cluster to another."""
    groups = list(media_of_groups(scenario.sessions))
    media = {each.name: each for _, each in groups}
    noisy = {each.name for group, each in groups if group.talk and group.talk.comfort_noise}
    return (*(_media(each, noise=name in noisy) for name, each in media.items()), *_beside(scenario))


def _media(media: GroupMedia, *, noise: bool) -> Traffic:
    types = (*media.payload_types, *([NOISE_PAYLOAD_TYPE] if noise else []))
    return Traffic(media.name, "udp", _MEDIA_PORTS, media.sent.largest_packet, types)


def _beside(scenario: ScenarioFile) -> Iterator[Traffic]:
    yield Traffic("probes", "udp", (PROBE_PORT,), PROBE_FRAME_BYTES)
    if scenario.controller.bfd:
        yield Traffic("BFD packets", "udp", (BFD_PORT,), BFD_FRAME_BYTES, dscp=BFD_DSCP)
    if scenario.controller.canaries:
        payload_type = PROFILES["voice"].payload_type
        largest = OVERHEAD_BYTES + scenario.controller.canary_bytes
        yield Traffic("canaries", "udp", (CANARY_PORT, *_LANE_PORTS), largest, (payload_type,))
    if any(group.permission or group.consent for group in scenario.sessions):
        ports, largest = (ANSWER_PORT, *_LANE_PORTS, REFRESH_PORT), OVERHEAD_BYTES + REFRESH_PAYLOAD_BYTES
        yield Traffic("refreshes", "udp", ports, largest, (REFRESH_PAYLOAD_TYPE,))
    yield Traffic("session records", "tcp", (DIRECTORY_PORT,), _FULL_FRAME)
    if scenario.connections:
        yield Traffic("connections", "tcp", (CONNECTION_PORT,), _FULL_FRAME)
