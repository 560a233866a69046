"""Before the incident: a pool of workers fetches every session by itself, off the packet path.

No lock is held while a worker waits for the directory, and the packet path reads the cache without one, so a session
that is not cached delays no other. A burst of N sessions takes N × round trip / workers.
"""

from __future__ import annotations

from collections.abc import Mapping

from relay_app.sessions.directory import DirectoryError
from relay_app.versions.fetch_queue import QueuedMisses, work_in_pool
from relay_app.versions.version import Version


class FetchPerSession(QueuedMisses):
    """Workers that each take one key at a time."""

    def run(self) -> None:
        """Run the workers until stopped."""
        work_in_pool(self._work)

    def _work(self) -> None:
        while keys := self._keys.take(1):
            self._fill(keys[0])
            self._keys.settle(keys)

    def _fill(self, ssrc: int) -> None:
        """A fetch that fails is not repeated: the session's next packet asks again."""
        try:
            fetched = self._parts.source.fetch((ssrc,))
        except DirectoryError:
            self._failed_fetches += 1
            return
        with self._parts.table.lock:
            self._parts.table.install(fetched, self._parts.clock_ns())

    def counters(self) -> Mapping[str, int]:
        """How many fetches failed."""
        return {"failed_fetches": self._failed_fetches}


VERSION = Version(FetchPerSession)
