"""One-way probes of the links: OWAMP test packets (RFC 4656 §4.1.2, unauthenticated mode) to every linked cluster."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from time import monotonic_ns
from typing import NamedTuple

from hostio.sockets import receive_stamped, udp_drops, udp_socket
from hostio.timing import Ticker
from relay_app.ports import PROBE_PORT
from relay_app.probing.probe_report import ProbeReport, ReportSender
from relay_app.rtp import monotonic_of, ntp_fraction, ntp_seconds

_FORMAT = struct.Struct("!IIIH")
_ERROR_ESTIMATE = 1 << 15 | 12 << 8 | 1
"""Synchronised (all hosts share one clock), error 1 × 2¹² × 2⁻³² s ≈ 1 µs."""

PROBE_FRAME_BYTES = 14 + 20 + 8 + _FORMAT.size
"""Bytes of the Ethernet frame that carries a probe."""

_DATAGRAM_BYTES = 2048


class OneWayProbe(NamedTuple):
    """A probe: its number, and when it was sent, CLOCK_MONOTONIC ns."""

    sequence: int
    sent_ns: int

    def encode(self, ntp_offset_ns: int) -> bytes:
        """The datagram, without padding."""
        seconds, fraction = (convert(self.sent_ns, ntp_offset_ns) for convert in (ntp_seconds, ntp_fraction))
        return _FORMAT.pack(self.sequence & 0xFFFFFFFF, seconds, fraction, _ERROR_ESTIMATE)

    @classmethod
    def decode(cls, datagram: bytes, ntp_offset_ns: int) -> OneWayProbe:
        """The probe in a datagram, with any padding; ValueError if it is too short."""
        try:
            sequence, seconds, fraction, _ = _FORMAT.unpack_from(datagram)
        except struct.error as error:
            raise ValueError(f"{len(datagram)} bytes") from error
        return cls(sequence, monotonic_of(seconds, fraction, ntp_offset_ns))


class LinkProbes:
    """Sends a probe to each peer at every tick, and reports those that arrive.

    `counters`: probes `unsent`; datagrams from addresses that are no peer's (`foreign`), or too short (`malformed`).
    """

    name = "probes"

    def __init__(
        self,
        ordinal: int,
        address: str,
        peers: Mapping[int, str],
        ntp_offset_ns: int,
        interval_ns: int,
        reports: ReportSender,
    ) -> None:
        self._ordinal = ordinal
        self._peers = peers
        self._ordinals = {address: peer for peer, address in peers.items()}
        self._ntp_offset_ns = ntp_offset_ns
        self._reports = reports
        self.ticker = Ticker(interval_ns)
        self.counters = dict.fromkeys(("unsent", "foreign", "malformed"), 0)
        self.socket = udp_socket(address, PROBE_PORT)

    def send(self, number: int) -> None:
        """Send one probe to each peer."""
        for address in self._peers.values():
            probe = OneWayProbe(number, monotonic_ns()).encode(self._ntp_offset_ns)
            try:
                self.socket.sendto(probe, (address, PROBE_PORT))
            except OSError:  # no route, or no room: the peer counts the probe as lost
                self.counters["unsent"] += 1

    def receive(self) -> None:
        """Report every probe that has arrived."""
        while (arrival := receive_stamped(self.socket, _DATAGRAM_BYTES)) is not None:
            source = self._ordinals.get(arrival.sender)
            if source is None:
                self.counters["foreign"] += 1
                continue
            try:
                probe = OneWayProbe.decode(arrival.datagram, self._ntp_offset_ns)
            except ValueError:
                self.counters["malformed"] += 1
                continue
            self._reports.report(ProbeReport(source, self._ordinal, *probe, arrival.received_ns))

    def drops(self) -> int:
        """Probes lost because the socket's buffer was full."""
        return udp_drops(self.socket)
