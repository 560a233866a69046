"""The regression: the relay announces to the directory which streams it carries, consistently with its cache.

From this version on signalling can ask the directory for a stream's carrier. The announcement must match the cache: a
session that is announced must be cached, and one that is cached must not be removed before it is announced. So look-up,
fetch, announcement and insertion became one critical section under the cache's lock, and the packet path takes the same
lock for its look-ups. As two fills can no longer run at once, the pool of workers was removed.

Each fill is short and the lock is nearly always free: in a warm region nothing is fetched, and one or two sessions a
second have no visible effect. But a burst of N sessions that a cold relay does not have makes it hold the lock for
N × two round trips to the directory. During all that time it forwards nothing, not even sessions long cached.
"""

from __future__ import annotations

from collections.abc import Mapping

from relay_app.sessions.directory import DirectoryError
from relay_app.versions.fetch_queue import QueuedMisses
from relay_app.versions.version import Version

_MOST_KEYS = 4096


class FillUnderLock(QueuedMisses):
    """One thread that fetches missed sessions while it holds the cache's lock."""

    def run(self) -> None:
        """Fill until stopped."""
        while keys := self._keys.take(_MOST_KEYS):
            with self._parts.table.lock:
                for ssrc in keys:
                    self._fill(ssrc)

    def _fill(self, ssrc: int) -> None:
        """The caller holds the lock. A fetch that fails is not repeated: the session's next packet asks again."""
        if not self._keys.stopped:
            try:
                fetched = self._parts.source.fetch((ssrc,))
                self._parts.source.announce((ssrc,), self._parts.ordinal)
                self._parts.table.install(fetched, self._parts.clock_ns())
            except DirectoryError:
                self._failed_fetches += 1
        self._keys.settle((ssrc,))

    def counters(self) -> Mapping[str, int]:
        """How many fetches failed."""
        return {"failed_fetches": self._failed_fetches}


VERSION = Version(FillUnderLock, locked_reads=True)
