"""Canaries through the relays of other clusters, and back: the media that tells whether a relay moves media."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic_ns

from hostio.sockets import receive_stamped, udp_drops, udp_socket
from relay_app.beat import Beat
from relay_app.probing.canary import CANARY_PORT, Canary, canary_ssrc, full_number
from relay_app.probing.post import ProbePost
from relay_app.probing.report import ProbeReport
from relay_app.sessions import LANE_PORT, lane_of

_DATAGRAM_BYTES = 2048


class RelayCanaries:
    """Sends a canary through each peer's relay on every beat, each relay's on one lane.

    `counters`: what was sent, and what arrived; `unsent_canaries`, and what arrived without being one of ours as
    `foreign_canaries`. One that took another relay, because its lane was rerouted, says nothing of the relay it was
    meant for: a `stray_canary`.
    """

    name = "canaries"

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
        self._relays = {canary_ssrc(ordinal, relay): relay for relay in peers}
        self._ntp_offset_ns = ntp_offset_ns
        self._post = post
        self.beat = Beat(interval_ns)
        self.counters = dict.fromkeys(
            ("sent_canaries", "unsent_canaries", "arrived_canaries", "foreign_canaries", "stray_canaries"), 0
        )
        self.socket = udp_socket(address, CANARY_PORT)

    def send(self, number: int) -> None:
        """Send one canary through each relay."""
        for ssrc, relay in self._relays.items():
            canary = Canary(ssrc, number, monotonic_ns()).encode(self._ntp_offset_ns)
            try:
                self.socket.sendto(canary, (self._peers[relay], LANE_PORT + lane_of(ssrc)))
                self.counters["sent_canaries"] += 1
            except OSError:  # as with probes: not sent is lost, and counted here
                self.counters["unsent_canaries"] += 1

    def receive(self) -> None:
        """Report every canary that has come back."""
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
            number = full_number(canary.sequence, self.beat.next)
            ends = (self._ordinal, self._ordinal)
            self._post.report(ProbeReport(*ends, number, canary.sent_ns, arrival.received_ns, relay))

    def drops(self) -> int:
        """Canaries lost because the socket's buffer was full."""
        return udp_drops(self.socket)
