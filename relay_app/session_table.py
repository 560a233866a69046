"""What a relay knows of sessions: which are cached, which do not exist, and where each goes next."""

from __future__ import annotations

from relay_app.cache import CacheFullError, SessionCache, UnknownSessions
from relay_app.directory import Fetched
from relay_app.locks.lock import SharedLock
from relay_app.next_hops import NextHops
from relay_app.stream_record import StreamRecord


class SessionTable:
    """The cache with its rules. Whoever changes it holds `lock`; reading needs no lock."""

    def __init__(self, hops: NextHops, lock: SharedLock, capacity: int, unknown_ns: int) -> None:
        self.cache = SessionCache(capacity)
        self.unknown = UnknownSessions()
        self.lock = lock
        self.refused = 0
        """Records that could not be used: invalid, to a cluster without an address, or beyond the cache's room."""
        self.expired = 0
        """Sessions that left because they had fallen idle."""
        self._hops = hops
        self._unknown_ns = unknown_ns

    def install(self, fetched: Fetched, now_ns: int) -> None:
        """Take up an answer of the directory; streams that it gives no usable record for are unknown for a while."""
        for record in fetched.found:
            if not self._insert(record, now_ns):
                self._refuse(record.ssrc, now_ns)
        for ssrc in fetched.invalid:
            self._refuse(ssrc, now_ns)
        for ssrc in fetched.unknown:
            self.unknown.remember(ssrc, now_ns + self._unknown_ns)

    def settled(self, ssrc: int, now_ns: int) -> bool:
        """Whether there is nothing to ask: it is cached, or known to be unknown."""
        return ssrc in self.cache or self.unknown.holds(ssrc, now_ns)

    def expire(self, idle_since_ns: int, now_ns: int) -> None:
        """Let go of every session that has had no packet since then."""
        self.expired += self.cache.expire(idle_since_ns, now_ns)

    def _insert(self, record: StreamRecord, now_ns: int) -> bool:
        next_hop = self._hops.of(record)
        if next_hop is None:
            return False
        try:
            self.cache.insert(record.ssrc, next_hop, now_ns)
        except CacheFullError:
            return False
        return True

    def _refuse(self, ssrc: int, now_ns: int) -> None:
        self.refused += 1
        self.unknown.remember(ssrc, now_ns + self._unknown_ns)
