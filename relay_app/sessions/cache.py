"""The relay's session cache: flat arrays with one writer at a time, read by the compiled packet path without a lock.

An entry's value is written before its key, and a value is one 64-bit word, so a reader that finds a key finds its value
with it. This relies on stores becoming visible in program order, as on x86-64. The place of an entry that was removed
is used again only after a grace period, when every reader that had found the old entry has finished its round.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hostio.timing import S
from relay_app.sessions.cache_compiled import FREED, expire_idle, find, home_slot, is_unknown, place_for

Array = npt.NDArray[Any]

UNKNOWN_CAPACITY = 1 << 12

GRACE_NS = S
"""Far longer than a round of the packet path, even on a machine that keeps it from its core."""

_LOAD_EIGHTHS = 7
"""Of all places that may be taken: with linear probing a fuller table has long searches, and a search ends only at a
place that was never used."""


class CacheFullError(Exception):
    """The cache has no place for another session."""


class CacheView(NamedTuple):
    """The cache's arrays as the packet path reads them; it writes `used_ns` only.

    keys int64[n]: SSRC + 1, 0 where free, FREED where an entry was removed; next_hops uint64[n, 2]: each a sockaddr_in;
    used_ns int64[n]: when the entry was added, last used, or removed.
    """

    keys: Array
    next_hops: Array
    used_ns: Array


class SessionCache:
    """SSRC → the socket address of the next hop; open addressing, at most ⅞ full. `capacity`: a power of two ≥ 8."""

    def __init__(self, capacity: int) -> None:
        if capacity < 8 or capacity & capacity - 1:
            raise ValueError(f"capacity {capacity} is not a power of two of 8 or more")
        self.view = CacheView(
            np.zeros(capacity, np.int64), np.zeros((capacity, 2), np.uint64), np.zeros(capacity, np.int64)
        )
        self._limit = capacity * _LOAD_EIGHTHS // 8
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, ssrc: int) -> bool:
        return find(self.view.keys, ssrc) >= 0

    def insert(self, ssrc: int, next_hop: Array, now_ns: int) -> None:
        """Add or replace an entry; `next_hop` is a sockaddr_in as uint64[2], its second word zero. CacheFullError."""
        slot = find(self.view.keys, ssrc)
        if slot >= 0:
            self.view.next_hops[slot, 0] = next_hop[0]
            return
        slot = place_for(self.view.keys, self.view.used_ns, ssrc, now_ns - GRACE_NS)
        if self.view.keys[slot] != FREED and np.count_nonzero(self.view.keys) >= self._limit:
            raise CacheFullError(f"{self._count} sessions")
        # The key comes last: the packet path reads without a lock, and must not find a key before its value.
        self.view.next_hops[slot, 0] = next_hop[0]
        self.view.used_ns[slot] = now_ns
        self.view.keys[slot] = ssrc + 1
        self._count += 1

    def expire(self, idle_since_ns: int, now_ns: int) -> int:
        """Remove every entry not used since `idle_since_ns`; how many there were."""
        left = int(expire_idle(self.view.keys, self.view.used_ns, idle_since_ns, now_ns, now_ns - GRACE_NS))
        self._count -= left
        return left


class UnknownView(NamedTuple):
    """Arrays that the packet path reads. keys int64[n]: SSRC + 1 or 0; until_ns int64[n]: CLOCK_MONOTONIC."""

    keys: Array
    until_ns: Array


class UnknownSessions:
    """SSRCs that the directory does not know, each until a time; a negative cache.

    Direct-mapped: a later SSRC may take an earlier one's place, which costs one more fetch and nothing else.
    """

    def __init__(self) -> None:
        self.view = UnknownView(np.zeros(UNKNOWN_CAPACITY, np.int64), np.zeros(UNKNOWN_CAPACITY, np.int64))

    def remember(self, ssrc: int, until_ns: int) -> None:
        """Remember an SSRC as unknown until `until_ns`."""
        slot = home_slot(ssrc, UNKNOWN_CAPACITY)
        # No time is valid while the key changes: else a reader could give the new key the old one's time.
        self.view.until_ns[slot] = 0
        self.view.keys[slot] = ssrc + 1
        self.view.until_ns[slot] = until_ns

    def holds(self, ssrc: int, now_ns: int) -> bool:
        """Whether an SSRC is remembered as unknown now."""
        return bool(is_unknown(self.view.keys, self.view.until_ns, ssrc, now_ns))
