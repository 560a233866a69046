"""Permissions of streams, and the refreshes that renew them: their packets, and where these go. Pure.

A permission is what lets a relay forward a stream. It has a lifetime, which media do not extend: the client that sends
the stream refreshes it, as it would a permission or a channel of TURN (RFC 8656 §9, §12). A refresh takes the way of
the stream's media, lane and reroutes included, so that every relay which forwards them gets it, and what is done to the
link is done to it. The client at the other end answers. Checks of consent and their answers are refreshes too, of
streams without a permission (`relay_app/clients/consent_keeper.py`).

It is RTP in the fixed layout, so that relays log their ordinals in it and one in a loop ends; its SSRC is reserved and
tells whose it is, its timestamp numbers the transaction, and its payload is the SSRC of the stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from relay_app.rtp import NTP_EXTENSION, PATH_EXTENSION, PATH_HOPS, RtpPacket, ntp_fraction, ntp_seconds

REFRESH_SSRCS = range(0xCA01_0000, 0xCA02_0000)
"""SSRCs of refreshes: the first and the ordinal of the cluster that sends them; no session has one."""

REFRESH_PAYLOAD_TYPE = 99
"""Dynamic, and of nothing else, so that a fault can match refreshes alone."""

REFRESH_PAYLOAD_BYTES = 4
"""The SSRC of the stream."""

_HALF = 4
"""Bytes of the seconds, and of the fraction, of an NTP timestamp."""

_WORD = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Permission:
    """Relays forward a stream for `lifetime_ns` after its last refresh; it is refreshed every `refresh_ns`, and a
    refresh without an answer is sent again every `retransmit_ns`."""

    lifetime_ns: int
    refresh_ns: int
    retransmit_ns: int


class Refresh(NamedTuple):
    """Request number `sequence` of the cluster `ordinal`, of transaction `number`, for the stream `ssrc`; both numbers
    are those of the wire, 16 and 32 bits wide, when decoded."""

    ordinal: int
    sequence: int
    number: int
    ssrc: int

    def encode(self, sent_ns: int, ntp_offset_ns: int) -> bytes:
        """The datagram, sent at `sent_ns`, CLOCK_MONOTONIC."""
        halves = (convert(sent_ns, ntp_offset_ns) for convert in (ntp_seconds, ntp_fraction))
        sent = b"".join(half.to_bytes(_HALF, "big") for half in halves)
        return RtpPacket(
            REFRESH_PAYLOAD_TYPE,
            self.sequence & 0xFFFF,
            self.number & _WORD,
            REFRESH_SSRCS.start | self.ordinal,
            extensions=((NTP_EXTENSION, sent), (PATH_EXTENSION, bytes(PATH_HOPS))),
            payload=self.ssrc.to_bytes(REFRESH_PAYLOAD_BYTES, "big"),
        ).encode()

    @classmethod
    def decode(cls, datagram: bytes) -> Refresh:
        """The refresh in a datagram; ValueError if it is none."""
        packet = RtpPacket.decode(datagram)
        if packet.ssrc not in REFRESH_SSRCS or len(packet.payload) != REFRESH_PAYLOAD_BYTES:
            raise ValueError(f"SSRC {packet.ssrc:08x} is of no refresh")
        ordinal, ssrc = packet.ssrc - REFRESH_SSRCS.start, int.from_bytes(packet.payload, "big")
        return cls(ordinal, packet.sequence, packet.timestamp, ssrc)
