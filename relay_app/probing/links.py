"""One-way probes of the links: those to every linked cluster, and those that come from there."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic_ns

from hostio.sockets import receive_stamped, udp_drops, udp_socket
from relay_app.beat import Beat
from relay_app.probing.owamp import PROBE_PORT, OneWayProbe
from relay_app.probing.post import ProbePost
from relay_app.probing.report import ProbeReport

_DATAGRAM_BYTES = 2048


class LinkProbes:
    """Sends a probe to each peer on every beat. `counters`: `unsent`, and what arrived `foreign` or `malformed`."""

    name = "probes"

    def __init__(
        self,
        ordinal: int,
        address: str,
        peers: Mapping[int, str],
        ntp_offset_ns: int,
        interval_ns: int,
        post: ProbePost,
    ) -> None:
        self._ordinal = ordinal
        self._peers = peers
        self._ordinals = {address: peer for peer, address in peers.items()}
        self._ntp_offset_ns = ntp_offset_ns
        self._post = post
        self.beat = Beat(interval_ns)
        self.counters = dict.fromkeys(("unsent", "foreign", "malformed"), 0)
        self.socket = udp_socket(address, PROBE_PORT)

    def send(self, number: int) -> None:
        """Send one probe to each peer."""
        for address in self._peers.values():
            probe = OneWayProbe(number, monotonic_ns()).encode(self._ntp_offset_ns)
            try:
                self.socket.sendto(probe, (address, PROBE_PORT))
            except OSError:  # no route, or no room: a probe that was not sent is a probe lost, and counted here
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
            self._post.report(ProbeReport(source, self._ordinal, *probe, arrival.received_ns))

    def drops(self) -> int:
        """Probes lost because the socket's buffer was full."""
        return udp_drops(self.socket)
