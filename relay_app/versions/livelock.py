"""Livelock: each admission invalidates the snapshot that the next one needs.

Workers admit sessions without a lock across the fetch, by optimistic concurrency: note the cache's generation, fetch,
and admit if the generation is still the same; if not, what was fetched may be out of date, so start over. One at a time
that never fails. In a burst all workers note the same generation, the first to come back changes it, and the others
have fetched for nothing: N sessions take about N round trips, as if there were one worker, and many times N fetches.
Everybody is busy, nobody waits for a lock, and nearly nothing gets done.
"""

from __future__ import annotations

from collections.abc import Mapping

from relay_app.sessions.directory import DirectoryError
from relay_app.versions.fetch_queue import QueuedMisses, work_in_pool
from relay_app.versions.version import RelayParts, Version


class OptimisticFetch(QueuedMisses):
    """Workers that each take one key at a time and try until it is admitted."""

    def __init__(self, parts: RelayParts) -> None:
        super().__init__(parts)
        self._generation = 0
        self._started_over = 0

    def run(self) -> None:
        """Keep the workers at work until stopped."""
        work_in_pool(self._work)

    def _work(self) -> None:
        while keys := self._keys.take(1):
            while not self._keys.stopped and not self._admitted(keys[0]):
                self._started_over += 1
            self._keys.settle(keys)

    def _admitted(self, ssrc: int) -> bool:
        """Whether there is nothing left to do for a key: it was admitted, or the directory is out of reach."""
        generation = self._generation
        try:
            fetched = self._parts.source.fetch((ssrc,))
        except DirectoryError:
            self._failed_fetches += 1
            return True
        with self._parts.table.lock:
            if generation != self._generation:
                return False
            self._generation += 1
            self._parts.table.install(fetched, self._parts.clock_ns())
            return True

    def counters(self) -> Mapping[str, int]:
        """How often a fetch was for nothing, and how many failed."""
        return {"started_over": self._started_over, "failed_fetches": self._failed_fetches}


VERSION = Version(OptimisticFetch)
