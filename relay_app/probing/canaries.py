"""Canaries: RTP packets that a prober sends through another cluster's relay and back, to see whether it forwards media.

The relay treats a canary as media: it arrives on a lane, is looked up in the cache and goes where its record says. That
record names the prober's own port, so that a canary passes one relay only, and that one is at fault if it is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from time import monotonic_ns
from typing import NamedTuple

from hostio.sockets import receive_stamped, udp_drops, udp_socket
from hostio.timing import Ticker
from relay_app.media_profiles import PROFILES
from relay_app.ports import CANARY_PORT, LANE_PORT
from relay_app.probing.probe_report import ProbeReport, ReportSender
from relay_app.rtp import NTP_EXTENSION, PATH_EXTENSION, PATH_HOPS, RtpPacket, monotonic_of, ntp_fraction, ntp_seconds
from relay_app.sessions.directory import StreamRecord
from relay_app.streams import RESERVED_SSRCS, lane_of

_MEDIA = PROFILES["voice"]
VOICE_BYTES = _MEDIA.frame_bytes
"""Payload of a packet of voice."""

_SAMPLES, _ = _MEDIA.ticks
_HALF = 4
"""Bytes of the seconds, and of the fraction, of an NTP timestamp."""

_DATAGRAM_BYTES = 2048


def canary_ssrc(observer: int, relay: int) -> int:
    """The SSRC of the canaries of a prober through a relay, both by the ordinals of their clusters."""
    return RESERVED_SSRCS.start | observer << 8 | relay


def canary_records(pairs: Iterable[tuple[int, int]]) -> Iterator[StreamRecord]:
    """The directory's records of the canaries of each (observer, relay)."""
    for observer, relay in pairs:
        name = f"canary-{observer}-{relay}"
        yield StreamRecord(canary_ssrc(observer, relay), observer, observer, name, CANARY_PORT)


class Canary(NamedTuple):
    """A canary: SSRC, number (its low 16 bits when decoded), send time in CLOCK_MONOTONIC ns, ordinals of relays
    passed."""

    ssrc: int
    sequence: int
    sent_ns: int
    path: tuple[int, ...] = ()

    def encode(self, ntp_offset_ns: int, payload_bytes: int = VOICE_BYTES) -> bytes:
        """The datagram, in the fixed RTP layout, with so much payload."""
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
            payload=bytes(payload_bytes),
        ).encode()

    @classmethod
    def decode(cls, datagram: bytes, ntp_offset_ns: int) -> Canary:
        """The canary in a datagram; ValueError if it is not one."""
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


class RelayCanaries:
    """Sends a canary through each peer's relay at every tick, each relay's on one lane, and reports those that return.

    `counters`: `sent_canaries`, `unsent_canaries` and `arrived_canaries`; `foreign_canaries` are datagrams that are no
    canaries of this prober; `stray_canaries` passed another relay, because their lane was rerouted, and so say nothing
    of the relay they were sent to.
    """

    name = "canaries"

    def __init__(
        self,
        ordinal: int,
        address: str,
        peers: Mapping[int, str],
        ntp_offset_ns: int,
        interval_ns: int,
        reports: ReportSender,
        payload_bytes: int,
    ) -> None:
        self._ordinal = ordinal
        self._peers = peers
        self._relays = {canary_ssrc(ordinal, relay): relay for relay in peers}
        self._ntp_offset_ns = ntp_offset_ns
        self._reports = reports
        self._payload_bytes = payload_bytes
        self.ticker = Ticker(interval_ns)
        self.counters = dict.fromkeys(
            ("sent_canaries", "unsent_canaries", "arrived_canaries", "foreign_canaries", "stray_canaries"), 0
        )
        self.socket = udp_socket(address, CANARY_PORT)

    def send(self, number: int) -> None:
        """Send one canary through each relay."""
        for ssrc, relay in self._relays.items():
            canary = Canary(ssrc, number, monotonic_ns()).encode(self._ntp_offset_ns, self._payload_bytes)
            try:
                self.socket.sendto(canary, (self._peers[relay], LANE_PORT + lane_of(ssrc)))
                self.counters["sent_canaries"] += 1
            except OSError:  # no route, or no room: the canary counts as lost
                self.counters["unsent_canaries"] += 1

    def receive(self) -> None:
        """Report every canary that has returned."""
        while (arrival := receive_stamped(self.socket, _DATAGRAM_BYTES)) is not None:
            self.counters["arrived_canaries"] += 1
            try:
                canary = Canary.decode(arrival.datagram, self._ntp_offset_ns)
                relay = self._relays[canary.ssrc]
            except (ValueError, KeyError):
                self.counters["foreign_canaries"] += 1
                continue
            if canary.path != (relay,):
                self.counters["stray_canaries"] += 1
                continue
            number = full_number(canary.sequence, self.ticker.next)
            ends = (self._ordinal, self._ordinal)
            self._reports.report(ProbeReport(*ends, number, canary.sent_ns, arrival.received_ns, relay))

    def drops(self) -> int:
        """Canaries lost because the socket's buffer was full."""
        return udp_drops(self.socket)
