"""What a relay knows of sessions: which are cached, which do not exist, and the next hop of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from hostio.mmsg import socket_address
from hostio.timing import MS
from relay_app.coverage_report import OrdinalPair
from relay_app.locks.lock import SharedLock
from relay_app.ports import CLIENT_PORT, LANE_PORT, REFRESH_PORT
from relay_app.sessions.cache import CacheFullError, Entry, SessionCache, UnknownSessions
from relay_app.sessions.cache_compiled import FREED
from relay_app.sessions.directory import Fetched, StreamRecord
from relay_app.streams import RESERVED_SSRCS, lane_of


class NextHops:
    """Next hops: the local client for a stream that ends here; else the port of the destination's host that its record
    names, or its lane at the relay there.

    `addresses` maps every cluster's ordinal, this one's too, to its host.
    """

    def __init__(self, ordinal: int, addresses: Mapping[int, str]) -> None:
        self._ordinal = ordinal
        self._addresses = addresses

    def of(self, record: StreamRecord) -> Entry | None:
        """The cache's entry; None if the record's destination has no address."""
        if record.destination not in self._addresses:
            return None
        lifetime_ns, here = record.lifetime_ms * MS, self._addresses[self._ordinal]
        if record.destination != self._ordinal:
            transit = self._transit(record)
            return Entry(transit, transit, lifetime_ns)
        client, refreshed = (socket_address(here, port) for port in (CLIENT_PORT, REFRESH_PORT))
        return Entry(client, refreshed, lifetime_ns)

    def _transit(self, record: StreamRecord) -> npt.NDArray[Any]:
        return socket_address(self._addresses[record.destination], record.port or LANE_PORT + lane_of(record.ssrc))


class SessionTable:
    """The cache and the rules by which it is filled. A caller that changes it holds `lock`; reading needs none."""

    def __init__(self, hops: NextHops, lock: SharedLock, capacity: int, unknown_ns: int) -> None:
        self.cache = SessionCache(capacity)
        self.unknown = UnknownSessions()
        self.lock = lock
        self.refused = 0
        """Records not used: invalid, to a cluster without an address, or without a place in the cache."""
        self.expired = 0
        """Sessions removed because they were idle."""
        self._hops = hops
        self._unknown_ns = unknown_ns
        self._ends: dict[int, OrdinalPair] = {}
        """Of every stream that was ever cached."""

    def install(self, fetched: Fetched, now_ns: int) -> None:
        """Add the records of an answer of the directory; streams without a usable one are unknown for `unknown_ns`."""
        for record in fetched.found:
            if not self._insert(record, now_ns):
                self._refuse(record.ssrc, now_ns)
        for ssrc in fetched.invalid:
            self._refuse(ssrc, now_ns)
        for ssrc in fetched.unknown:
            self.unknown.remember(ssrc, now_ns + self._unknown_ns)

    def settled(self, ssrc: int, now_ns: int) -> bool:
        """Whether no fetch is needed: the stream is cached, or known to be unknown."""
        return ssrc in self.cache or self.unknown.holds(ssrc, now_ns)

    def records_by_pair(self) -> Counter[OrdinalPair]:
        """Of how many streams between two clusters the cache has the record now; canaries are none."""
        keys = self.cache.view.keys
        cached = (self._ends.get(key - 1) for key in keys[(keys != 0) & (keys != FREED)].tolist())
        return Counter(ends for ends in cached if ends is not None)

    def expire(self, idle_since_ns: int, now_ns: int) -> None:
        """Remove every session without a packet since `idle_since_ns`."""
        self.expired += self.cache.expire(idle_since_ns, now_ns)

    def _insert(self, record: StreamRecord, now_ns: int) -> bool:
        entry = self._hops.of(record)
        if entry is None:
            return False
        try:
            self.cache.insert(record.ssrc, entry, now_ns)
        except CacheFullError:
            return False
        if record.ssrc not in RESERVED_SSRCS:
            self._ends[record.ssrc] = (
                min(record.source, record.destination),
                max(record.source, record.destination),
            )
        return True

    def _refuse(self, ssrc: int, now_ns: int) -> None:
        self.refused += 1
        self.unknown.remember(ssrc, now_ns + self._unknown_ns)
