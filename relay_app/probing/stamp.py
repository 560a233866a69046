"""STAMP, the Simple Two-Way Active Measurement Protocol (RFC 8762): test packets of the unauthenticated mode. Pure.

Both kinds have 44 octets (§4.2.1, §4.3.1), so that a link treats them alike. Times are CLOCK_MONOTONIC ns outside, and
64-bit NTP timestamps on the wire: `ntp_offset_ns` leads from one to the other.
"""

from __future__ import annotations

from struct import Struct, error
from typing import NamedTuple

from relay_app.rtp import monotonic_of, ntp_fraction, ntp_seconds

_SENT = Struct("!IIIH30x")
_REFLECTED = Struct("!IIIH2xIIIIIH2xB3x")

PACKET_BYTES = _SENT.size

PROBE_FRAME_BYTES = 14 + 20 + 8 + PACKET_BYTES
"""Bytes of the Ethernet frame that carries a test packet."""

SENT_TTL = 255
"""Of every test packet, so that its TTL tells how many routers it passed (RFC 5357 §4.1.2)."""

_ERROR_ESTIMATE = 1 << 15 | 12 << 8 | 1
"""Synchronised (all hosts share one clock), NTP format, error 1 × 2¹² × 2⁻³² s ≈ 1 µs (RFC 4656 §4.1.2)."""


class SenderPacket(NamedTuple):
    """What a Session-Sender sends: its number, and when it was sent."""

    sequence: int
    sent_ns: int

    def encode(self, ntp_offset_ns: int) -> bytes:
        """The datagram."""
        return _SENT.pack(self.sequence & 0xFFFFFFFF, *_ntp(self.sent_ns, ntp_offset_ns), _ERROR_ESTIMATE)

    @classmethod
    def decode(cls, datagram: bytes, ntp_offset_ns: int) -> SenderPacket:
        """The packet in a datagram, with any padding; ValueError if it is too short."""
        sequence, seconds, fraction, _ = _unpacked(_SENT, datagram)
        return cls(sequence, monotonic_of(seconds, fraction, ntp_offset_ns))


class ReflectedPacket(NamedTuple):
    """What a stateful Session-Reflector sends back (§4.3.1).

    `sequence`: its own number, which counts the packets that it has reflected in the session; so the sender tells what
    was lost on the way there from what was lost on the way back. `ttl`: of the packet that it reflects, as it arrived.
    """

    sequence: int
    sent_ns: int
    received_ns: int
    sender: SenderPacket
    ttl: int = SENT_TTL

    def encode(self, ntp_offset_ns: int) -> bytes:
        """The datagram. The sender's error estimate is as `SenderPacket.encode` writes it."""
        return _REFLECTED.pack(
            self.sequence & 0xFFFFFFFF,
            *_ntp(self.sent_ns, ntp_offset_ns),
            _ERROR_ESTIMATE,
            *_ntp(self.received_ns, ntp_offset_ns),
            self.sender.sequence & 0xFFFFFFFF,
            *_ntp(self.sender.sent_ns, ntp_offset_ns),
            _ERROR_ESTIMATE,
            self.ttl,
        )

    @classmethod
    def decode(cls, datagram: bytes, ntp_offset_ns: int) -> ReflectedPacket:
        """The packet in a datagram, with any padding; ValueError if it is too short."""
        sequence, *times, number, sender_s, sender_f, _, ttl = _unpacked(_REFLECTED, datagram)
        sent_s, sent_f, _, received_s, received_f = times
        sender = SenderPacket(number, monotonic_of(sender_s, sender_f, ntp_offset_ns))
        sent_ns = monotonic_of(sent_s, sent_f, ntp_offset_ns)
        return cls(sequence, sent_ns, monotonic_of(received_s, received_f, ntp_offset_ns), sender, ttl)


def _ntp(at_ns: int, ntp_offset_ns: int) -> tuple[int, int]:
    return ntp_seconds(at_ns, ntp_offset_ns), ntp_fraction(at_ns, ntp_offset_ns)


def _unpacked(form: Struct, datagram: bytes) -> tuple[int, ...]:
    try:
        return form.unpack_from(datagram)
    except error as problem:
        raise ValueError(f"{len(datagram)} bytes") from problem
