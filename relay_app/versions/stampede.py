"""Stampede: every packet of a session that is not cached starts a fetch of its own.

The queue that holds each key once needed a lock and a second look-up in the cache; without both the code is half as
long, and in a quiet region it behaves the same: a session's first packet fetches it, and the next ones find it. But
while a fetch is under way the packets go on arriving, 50 a second per stream, and each of them asks again. A burst of N
streams to a relay whose round trip to the directory is T asks N × 50 × T times where N answers would do, and the
directory serves all of them in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue

from relay_app.sessions.directory import DirectoryError
from relay_app.versions.fetch_queue import WORKERS, work_in_pool
from relay_app.versions.version import RelayParts, Version


class FetchPerPacket:
    """Workers that each take one miss at a time; a None in the queue ends a worker."""

    def __init__(self, parts: RelayParts) -> None:
        self._parts = parts
        self._misses: SimpleQueue[int | None] = SimpleQueue()
        self._failed_fetches = 0

    @property
    def fetching(self) -> int:
        """Misses that no worker has taken yet; one key may be among them many times."""
        return self._misses.qsize()

    def missed(self, ssrcs: Iterable[int]) -> None:
        """Queue all of them, repeated ones too."""
        for ssrc in ssrcs:
            self._misses.put(ssrc)

    def run(self) -> None:
        """Run the workers until stopped."""
        work_in_pool(self._work)

    def _work(self) -> None:
        while (ssrc := self._misses.get()) is not None:
            self._fill(ssrc)

    def _fill(self, ssrc: int) -> None:
        try:
            fetched = self._parts.source.fetch((ssrc,))
        except DirectoryError:
            self._failed_fetches += 1
            return
        with self._parts.table.lock:
            self._parts.table.install(fetched, self._parts.clock_ns())

    def stop(self) -> None:
        """Empty the queue and end the workers."""
        with suppress(Empty):
            while True:
                self._misses.get_nowait()
        for _ in range(WORKERS):
            self._misses.put(None)

    def counters(self) -> Mapping[str, int]:
        """How many fetches failed."""
        return {"failed_fetches": self._failed_fetches}


VERSION = Version(FetchPerPacket)
