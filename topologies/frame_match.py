"""Which frames of a link a fault strikes, by what their headers say. Frozen data, pure.

A frame's size is that of the Ethernet frame without its check sequence. Header fields are read of IPv4 without options;
a frame that is none has a size only. Ports are those of TCP and UDP, and a fragment behind the first has none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

Protocol: TypeAlias = Literal["icmp", "tcp", "udp"]

PROTOCOL_NUMBERS: dict[Protocol, int] = {"icmp": 1, "tcp": 6, "udp": 17}
"""Of the IPv4 header (IANA, Assigned Internet Protocol Numbers)."""

ETHERNET_BYTES = 14
"""Of an Ethernet header; with it a frame is as long as its IP packet and these."""

MOST_PORTS = 8
"""Ports or ranges of ports in a match at most."""


@dataclass(frozen=True, slots=True)
class Ports:
    """UDP or TCP ports from `first` to `last`."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class FrameMatch:
    """A frame matches if all that is given is true of it; with nothing given, every frame does.

    `larger_than`: bytes of the frame; `ports`: its source or its destination port is one of them; `dscp`: codepoint
    (RFC 2474); `payload_type`: of RTP version 2 over UDP (RFC 3550 §5.1).
    """

    larger_than: int | None = None
    protocol: Protocol | None = None
    ports: tuple[Ports, ...] = ()
    dscp: int | None = None
    payload_type: int | None = None


class Traffic(NamedTuple):
    """Frames of one kind that a run sends. `largest`: bytes of the largest; `payload_types` empty: no RTP."""

    name: str
    protocol: Protocol
    ports: tuple[int, ...]
    largest: int
    payload_types: tuple[int, ...] = ()
    dscp: int = 0


def can_match(match: FrameMatch, traffic: Traffic) -> bool:
    """Whether some frames of this kind may match."""
    return (
        (match.larger_than is None or traffic.largest > match.larger_than)
        and match.protocol in (None, traffic.protocol)
        and (not match.ports or any(_within(match.ports, port) for port in traffic.ports))
        and match.dscp in (None, traffic.dscp)
        and (match.payload_type is None or match.payload_type in traffic.payload_types)
    )


def _within(ports: Iterable[Ports], port: int) -> bool:
    return any(each.first <= port <= each.last for each in ports)
