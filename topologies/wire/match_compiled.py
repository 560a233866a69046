"""Compiled: whether a frame matches, as `topologies.frame_match` defines it. No input or output."""

from __future__ import annotations

from typing import Any

import numpy as np

from hostio.compiled import compiled
from topologies.wire.frame_compiled import is_ipv4
from topologies.wire.memory import ANY

_DSCP = 15
_FRAGMENT = 20
_PROTOCOL = 23
_SOURCE_PORT, _DESTINATION_PORT = 34, 36
_RTP = 42
_RTP_BYTES = 12
_TCP, _UDP = 6, 17
_RTP_VERSION = 2


@compiled
def matches(match: Any, frame: Any, length: int) -> bool:
    """Whether a frame matches an active MATCH; `frame` uint8[length or more]."""
    if length <= match.larger_than:
        return False
    if match.protocol == ANY and match.dscp == ANY and match.payload_type == ANY and match.port_ranges == 0:
        return True
    if not is_ipv4(frame, length):
        return False
    return (
        _is(match.protocol, frame[_PROTOCOL])
        and _is(match.dscp, frame[_DSCP] >> 2)
        and (match.port_ranges == 0 or _has_port(match, frame))
        and (match.payload_type == ANY or match.payload_type == _payload_type(frame, length))
    )


@compiled
def _is(wanted: int, value: int) -> Any:
    return wanted == ANY or wanted == np.int64(value)


@compiled
def _has_port(match: Any, frame: Any) -> bool:
    if (frame[_PROTOCOL] != _TCP and frame[_PROTOCOL] != _UDP) or _is_later_fragment(frame):
        return False
    source, destination = _half(frame, _SOURCE_PORT), _half(frame, _DESTINATION_PORT)
    for number in range(match.port_ranges):
        first, last = match.ports[number, 0], match.ports[number, 1]
        if first <= source <= last or first <= destination <= last:
            return True
    return False


@compiled
def _payload_type(frame: Any, length: int) -> Any:
    """The payload type of a frame that has an RTP header; else one that no packet has."""
    if frame[_PROTOCOL] != _UDP or _is_later_fragment(frame) or length < _RTP + _RTP_BYTES:
        return ANY - 1
    return np.int64(frame[_RTP + 1]) & 0x7F if frame[_RTP] >> 6 == _RTP_VERSION else ANY - 1


@compiled
def _is_later_fragment(frame: Any) -> Any:
    return (_half(frame, _FRAGMENT) & 0x1FFF) != 0


@compiled
def _half(frame: Any, at: int) -> Any:
    return np.int64(frame[at]) << 8 | np.int64(frame[at + 1])
