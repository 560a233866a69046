"""Canaries: RTP that a prober sends through another cluster's relay and gets back. Bytes in, values out; no I/O.

To the relay a canary is media like any other: it comes on a lane, is looked up in the cache, and goes to where its
record says. That record names the prober's own port, so a canary that does not come back has met one relay only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from relay_app.media import PROFILES
from relay_app.ntp import monotonic_of, ntp_fraction, ntp_seconds
from relay_app.rtp import NTP_EXTENSION, PATH_EXTENSION, PATH_HOPS, RtpPacket
from relay_app.sessions import RESERVED_SSRCS
from relay_app.stream_record import StreamRecord

CANARY_PORT = 41000
"""UDP port at which a prober gets its canaries back: media, but no lane, so that no reroute bends their way home."""

_MEDIA = PROFILES["voice"]
_SAMPLES = _MEDIA.clock_hz // _MEDIA.frames_per_s
_HALF = 4


def canary_ssrc(observer: int, relay: int) -> int:
    """The SSRC of the canaries that the prober of one cluster sends through the relay of another, by ordinals."""
    return RESERVED_SSRCS.start | observer << 8 | relay


def canary_records(pairs: Iterable[tuple[int, int]]) -> Iterator[StreamRecord]:
    """What the directory holds of the canaries of each observer and relay."""
    for observer, relay in pairs:
        name = f"canary-{observer}-{relay}"
        yield StreamRecord(canary_ssrc(observer, relay), observer, observer, name, CANARY_PORT)


class Canary(NamedTuple):
    """A canary: its SSRC, the low 16 bits of its number, when it was sent (CLOCK_MONOTONIC ns), relays passed."""

    ssrc: int
    sequence: int
    sent_ns: int
    path: tuple[int, ...] = ()

    def encode(self, ntp_offset_ns: int) -> bytes:
        """The datagram, in the fixed layout of Blipnet's RTP, as large as a packet of voice."""
        seconds, fraction = (convert(self.sent_ns, ntp_offset_ns) for convert in (ntp_seconds, ntp_fraction))
        sent = seconds.to_bytes(_HALF, "big") + fraction.to_bytes(_HALF, "big")
        log = bytes(self.path).ljust(PATH_HOPS, b"\0")
        timestamp = self.sequence * _SAMPLES & 0xFFFFFFFF
        return RtpPacket(
            _MEDIA.payload_type,
            self.sequence & 0xFFFF,
            timestamp,
            self.ssrc,
            extensions=((NTP_EXTENSION, sent), (PATH_EXTENSION, log)),
            payload=bytes(_MEDIA.frame_bytes),
        ).encode()

    @classmethod
    def decode(cls, datagram: bytes, ntp_offset_ns: int) -> Canary:
        """The canary in a datagram; ValueError if it is none."""
        packet = RtpPacket.decode(datagram)
        extensions = dict(packet.extensions)
        sent, log = extensions.get(NTP_EXTENSION, b""), extensions.get(PATH_EXTENSION, b"")
        if packet.ssrc not in RESERVED_SSRCS or len(sent) != 2 * _HALF:
            raise ValueError(f"SSRC {packet.ssrc:08x} is no canary")
        seconds, fraction = (int.from_bytes(half, "big") for half in (sent[:_HALF], sent[_HALF:]))
        sent_ns = monotonic_of(seconds, fraction, ntp_offset_ns)
        return cls(packet.ssrc, packet.sequence, sent_ns, tuple(ordinal for ordinal in log if ordinal))


def full_number(low: int, sent: int) -> int:
    """The highest number below `sent` that has these low 16 bits; negative if there is none."""
    return sent - 1 - (sent - 1 - low & 0xFFFF)
