"""The relay's session cache: flat arrays with one writer at a time, read by the compiled packet path without a lock.

An entry's value is written before its key, and a value is a single 64-bit word, so a reader sees a whole entry or
none. This relies on stores becoming visible in program order, as on x86-64. The place of an entry that left is used
again only after a grace period, by when every reader that found the old entry is done with it.
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
_LOAD_EIGHTHS = 7


class CacheFullError(Exception):
    """The cache holds as many sessions as it may."""


class CacheView(NamedTuple):
    """What the packet path reads, and where it writes when it last used an entry.

    keys int64[n]: SSRC + 1, 0 where free, FREED where an entry left; next_hops uint64[n, 2]: each a sockaddr_in;
    used_ns int64[n]: when the entry came, was last used, or left.
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
        """Add or replace; `next_hop` is a sockaddr_in as uint64[2], its second word zero. CacheFullError."""
        slot = find(self.view.keys, ssrc)
        if slot >= 0:
            self.view.next_hops[slot, 0] = next_hop[0]
            return
        slot = place_for(self.view.keys, self.view.used_ns, ssrc, now_ns - GRACE_NS)
        if self.view.keys[slot] != FREED and np.count_nonzero(self.view.keys) >= self._limit:
            raise CacheFullError(f"{self._count} sessions")
        self.view.next_hops[slot, 0] = next_hop[0]
        self.view.used_ns[slot] = now_ns
        self.view.keys[slot] = ssrc + 1
        self._count += 1

    def expire(self, idle_since_ns: int, now_ns: int) -> int:
        """Remove every entry that has not been used since then; how many there were."""
        left = int(expire_idle(self.view.keys, self.view.used_ns, idle_since_ns, now_ns, now_ns - GRACE_NS))
        self._count -= left
        return left


class UnknownView(NamedTuple):
    """What the packet path reads. keys int64[n]: SSRC + 1 or 0; until_ns int64[n]: CLOCK_MONOTONIC."""

    keys: Array
    until_ns: Array


class UnknownSessions:
    """SSRCs that the directory does not know, each for a while. A later one may take an earlier one's place."""

    def __init__(self) -> None:
        self.view = UnknownView(np.zeros(UNKNOWN_CAPACITY, np.int64), np.zeros(UNKNOWN_CAPACITY, np.int64))

    def remember(self, ssrc: int, until_ns: int) -> None:
        """It is unknown until then."""
        slot = home_slot(ssrc, UNKNOWN_CAPACITY)
        self.view.until_ns[slot] = 0
        self.view.keys[slot] = ssrc + 1
        self.view.until_ns[slot] = until_ns

    def holds(self, ssrc: int, now_ns: int) -> bool:
        """Whether it is known to be unknown now."""
        return bool(is_unknown(self.view.keys, self.view.until_ns, ssrc, now_ns))
