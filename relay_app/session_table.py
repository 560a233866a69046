"""What a relay knows of sessions: which are cached, which do not exist, and where each goes next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from hostio.mmsg import socket_address
from relay_app.cache import CacheFullError, SessionCache, UnknownSessions
from relay_app.directory import Fetched
from relay_app.sessions import CLIENT_PORT, LANE_PORT, lane_of


class SessionTable:
    """The rule of a relay: a stream that ends here goes to the local client, any other to its destination's relay.

    `addresses` maps every cluster's ordinal to its host. Written by one thread only.
    """

    def __init__(self, ordinal: int, addresses: Mapping[int, str], capacity: int, unknown_ns: int) -> None:
        self.cache = SessionCache(capacity)
        self.unknown = UnknownSessions()
        self.refused = 0
        """Records that could not be used: invalid, to a cluster without an address, or beyond the cache's room."""
        self._ordinal = ordinal
        self._addresses = addresses
        self._unknown_ns = unknown_ns

    def install(self, fetched: Fetched, now_ns: int) -> None:
        """Take up an answer of the directory; streams that it gives no usable record for are unknown for a while."""
        for record in fetched.found:
            if not self._insert(record.ssrc, record.destination):
                self._refuse(record.ssrc, now_ns)
        for ssrc in fetched.invalid:
            self._refuse(ssrc, now_ns)
        for ssrc in fetched.unknown:
            self.unknown.remember(ssrc, now_ns + self._unknown_ns)

    def settled(self, ssrc: int, now_ns: int) -> bool:
        """Whether there is nothing to ask: it is cached, or known to be unknown."""
        return ssrc in self.cache or self.unknown.holds(ssrc, now_ns)

    def _insert(self, ssrc: int, destination: int) -> bool:
        if destination not in self._addresses:
            return False
        try:
            self.cache.insert(ssrc, self._next_hop(ssrc, destination))
        except CacheFullError:
            return False
        return True

    def _refuse(self, ssrc: int, now_ns: int) -> None:
        self.refused += 1
        self.unknown.remember(ssrc, now_ns + self._unknown_ns)

    def _next_hop(self, ssrc: int, destination: int) -> npt.NDArray[Any]:
        port = CLIENT_PORT if destination == self._ordinal else LANE_PORT + lane_of(ssrc)
        return socket_address(self._addresses[destination], port)
