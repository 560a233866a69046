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

FOREVER_NS = 1 << 62
"""When what has no lifetime expires."""

GRACE_NS = S
"""Far longer than a round of the packet path, even on a machine that keeps it from its core."""

_LOAD_EIGHTHS = 7
"""Of all places that may be taken: with linear probing a fuller table has long searches, and a search ends only at a
place that was never used."""


class CacheFullError(Exception):
    """The cache has no place for another session."""


class CacheView(NamedTuple):
    """The cache's arrays as the packet path reads them; it writes `used_ns` and `expires_ns` only.

    keys int64[n]: SSRC + 1, 0 where free, FREED where an entry was removed; next_hops, refresh_hops uint64[n, 2]: each
    a sockaddr_in, of media and of refreshes; used_ns int64[n]: when the entry was added, last used, or removed;
    lifetimes_ns, expires_ns int64[n]: of the entry's permission, how long from a refresh, and until when it is valid.
    """

    keys: Array
    next_hops: Array
    refresh_hops: Array
    used_ns: Array
    lifetimes_ns: Array
    expires_ns: Array


class Entry(NamedTuple):
    """What the cache has of a stream: its next hop and that of its refreshes, each a sockaddr_in as uint64[2] with the
    second word zero; the lifetime of its permission, ns, 0 if it has none and never expires."""

    next_hop: Array
    refresh_hop: Array
    lifetime_ns: int = 0


class SessionCache:
    """SSRC → Entry; open addressing, at most ⅞ full. `capacity`: a power of two ≥ 8."""

    def __init__(self, capacity: int) -> None:
        if capacity < 8 or capacity & capacity - 1:
            raise ValueError(f"capacity {capacity} is not a power of two of 8 or more")
        next_hops, refresh_hops = (np.zeros((capacity, 2), np.uint64) for _ in range(2))
        keys, used_ns, lifetimes_ns, expires_ns = (np.zeros(capacity, np.int64) for _ in range(4))
        self.view = CacheView(keys, next_hops, refresh_hops, used_ns, lifetimes_ns, expires_ns)
        self._limit = capacity * _LOAD_EIGHTHS // 8
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, ssrc: int) -> bool:
        return find(self.view.keys, ssrc) >= 0

    def insert(self, ssrc: int, entry: Entry, now_ns: int) -> None:
        """Add an entry, whose permission is valid from now on, or replace the hops of the one there is.
        CacheFullError."""
        slot = find(self.view.keys, ssrc)
        if slot >= 0:
            self._set_hops(slot, entry)
            return
        slot = place_for(self.view.keys, self.view.used_ns, ssrc, now_ns - GRACE_NS)
        if self.view.keys[slot] != FREED and np.count_nonzero(self.view.keys) >= self._limit:
            raise CacheFullError(f"{self._count} sessions")
        # The key comes last: the packet path reads without a lock, and must not find a key before its value.
        self._set_hops(slot, entry)
        self.view.used_ns[slot] = now_ns
        self.view.lifetimes_ns[slot] = entry.lifetime_ns
        self.view.expires_ns[slot] = now_ns + entry.lifetime_ns if entry.lifetime_ns else FOREVER_NS
        self.view.keys[slot] = ssrc + 1
        self._count += 1

    def _set_hops(self, slot: int, entry: Entry) -> None:
        self.view.next_hops[slot, 0] = entry.next_hop[0]
        self.view.refresh_hops[slot, 0] = entry.refresh_hop[0]

    def permit_from(self, start_ns: int) -> None:
        """Have no permission expire before its lifetime from `start_ns` on is over."""
        view = self.view
        np.maximum(view.expires_ns, start_ns + view.lifetimes_ns, out=view.expires_ns)

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
