"""Probes of the links: STAMP test packets (RFC 8762) to every linked cluster, which reports, and may reflect, them."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Mapping
from time import monotonic_ns

from hostio.sockets import Arrival, receive_stamped, receive_ttl, udp_drops, udp_socket
from hostio.timing import Ticker
from relay_app.ports import PROBE_PORT, REFLECTION_PORT
from relay_app.probing.probe_report import ProbeReport, ReflectionReport, ReportSender
from relay_app.probing.stamp import SENT_TTL, ReflectedPacket, SenderPacket

_DATAGRAM_BYTES = 2048


class LinkProbes:
    """The Session-Sender: sends a probe to each peer at every tick, and reports those that come back reflected.

    `counters`: probes `unsent`, and datagrams that are no reflections from a peer (`foreign_reflections`).
    """

    name = "reflections"

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
        self.counters = dict.fromkeys(("unsent", "foreign_reflections"), 0)
        self.socket = _socket(address, REFLECTION_PORT)

    def send(self, number: int) -> None:
        """Send one probe to each peer."""
        for address in self._peers.values():
            probe = SenderPacket(number, monotonic_ns()).encode(self._ntp_offset_ns)
            if not _sent(self.socket, probe, address, PROBE_PORT):  # the peer counts the probe as lost
                self.counters["unsent"] += 1

    def receive(self) -> None:
        """Report every reflection that has arrived."""
        while (arrival := receive_stamped(self.socket, _DATAGRAM_BYTES)) is not None:
            try:
                reflector = self._ordinals[arrival.sender]
                reflected = ReflectedPacket.decode(arrival.datagram, self._ntp_offset_ns)
            except (KeyError, ValueError):
                self.counters["foreign_reflections"] += 1
                continue
            there = ProbeReport(self._ordinal, reflector, *reflected.sender, reflected.received_ns)
            self._reports.reflection(ReflectionReport(there, reflected.sequence))

    def drops(self) -> int:
        """Reflections lost because the socket's buffer was full."""
        return udp_drops(self.socket)


class ProbeReceiver:
    """The other end: reports every probe that arrives and, as a stateful Session-Reflector, sends it back.

    `counters`: datagrams from addresses that are no peer's (`foreign`), or too short (`malformed`); with `reflect` also
    those that it sent back (`reflected`), and that could not be sent (`unreflected`).
    """

    name = "probes"

    def __init__(
        self,
        ordinal: int,
        address: str,
        peers: Mapping[int, str],
        ntp_offset_ns: int,
        reports: ReportSender,
        *,
        reflect: bool,
    ) -> None:
        self._ordinal = ordinal
        self._ordinals = {address: peer for peer, address in peers.items()}
        self._ntp_offset_ns = ntp_offset_ns
        self._reports = reports
        self._reflect = reflect
        self._reflected: Counter[str] = Counter()
        """Per session, of which each peer has one."""
        self.counters = dict.fromkeys(("foreign", "malformed", *(("reflected", "unreflected") if reflect else ())), 0)
        self.socket = _socket(address, PROBE_PORT)

    def receive(self) -> None:
        """Report, and send back, every probe that has arrived."""
        while (arrival := receive_stamped(self.socket, _DATAGRAM_BYTES)) is not None:
            source = self._ordinals.get(arrival.sender)
            if source is None:
                self.counters["foreign"] += 1
                continue
            try:
                probe = SenderPacket.decode(arrival.datagram, self._ntp_offset_ns)
            except ValueError:
                self.counters["malformed"] += 1
                continue
            self._reports.report(ProbeReport(source, self._ordinal, *probe, arrival.received_ns))
            if self._reflect:
                self._send_back(probe, arrival)

    def drops(self) -> int:
        """Probes lost because the socket's buffer was full."""
        return udp_drops(self.socket)

    def _send_back(self, probe: SenderPacket, arrival: Arrival) -> None:
        number = self._reflected[arrival.sender]
        packet = ReflectedPacket(number, monotonic_ns(), arrival.received_ns, probe, arrival.ttl)
        if _sent(self.socket, packet.encode(self._ntp_offset_ns), arrival.sender, REFLECTION_PORT):
            self._reflected[arrival.sender] += 1
            self.counters["reflected"] += 1
        else:
            self.counters["unreflected"] += 1


def _socket(address: str, port: int) -> socket.socket:
    endpoint = udp_socket(address, port)
    endpoint.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, SENT_TTL)
    receive_ttl(endpoint)
    return endpoint


def _sent(endpoint: socket.socket, datagram: bytes, address: str, port: int) -> bool:
    try:
        endpoint.sendto(datagram, (address, port))
    except OSError:  # no route, or no room
        return False
    return True
