"""RTP in the frames between a TURN client and its server: ChannelData of RFC 8656 §12.4 over UDP. Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass

CHANNELS = (0x40, 0x4F)
"""First byte of a ChannelData message, the least and the largest (RFC 7983)."""

CHANNEL_OFFSET = 42
"""Where it is in an Ethernet frame with an IPv4 header without options."""

_ADDRESSES = struct.Struct("!4s4s")
_ADDRESSES_OFFSET = 26
_RTP = struct.Struct("!BBHII")
_RTP_OFFSET = CHANNEL_OFFSET + 4
_RTP_FIRST_BYTES = range(0x80, 0xC0)
_RTCP_TYPES = range(192, 224)
"""Second bytes that are of RTCP (RFC 5761 §4)."""

HEADERS = _RTP_OFFSET + _RTP.size
"""Bytes of a frame that are read here."""


@dataclass(frozen=True, slots=True)
class RelayedRtp:
    """The readable part of an RTP or SRTP packet, and the address of the TURN server."""

    ssrc: int
    seq: int
    server: str


def relayed_rtp(frame: bytes, *, outgoing: bool) -> RelayedRtp | None:
    """The RTP packet in a frame of ChannelData; None if it has another content (DTLS, STUN, RTCP)."""
    if len(frame) < HEADERS or not CHANNELS[0] <= frame[CHANNEL_OFFSET] <= CHANNELS[1]:
        return None
    first, second, seq, _, ssrc = _RTP.unpack_from(frame, _RTP_OFFSET)
    if first not in _RTP_FIRST_BYTES or second in _RTCP_TYPES:
        return None
    source, destination = _ADDRESSES.unpack_from(frame, _ADDRESSES_OFFSET)
    return RelayedRtp(ssrc, seq, ".".join(map(str, destination if outgoing else source)))
