"""Lock order: two locks taken in both orders.

A record of demand was added for capacity planning: which sessions the relay was asked for, and which it admitted. It
has a lock of its own. To record a demand, a thread takes the ledger's lock and, holding it, the cache's, to see whether
the session is cached already. To admit a session, a thread takes the cache's lock and, holding it, the ledger's. With
few sessions the two never meet. In a burst one thread records demands while a pool of threads admits, and soon each
side holds the lock that the other waits for: a deadlock. The packet path, whose look-ups take the cache's lock, waits
too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from relay_app.sessions.directory import DirectoryError, Fetched
from relay_app.versions.fetch_queue import QueuedMisses, work_in_pool
from relay_app.versions.version import RelayParts, Version


class DemandLedger(QueuedMisses):
    """As 2026-05-10, with a ledger of demand."""

    def __init__(self, parts: RelayParts) -> None:
        super().__init__(parts)
        self._ledger = parts.locks.create("demand-ledger")
        self._demanded: dict[int, int] = {}
        self._admitted: dict[int, int] = {}

    def missed(self, ssrcs: Iterable[int]) -> None:
        """Record the demand, and queue keys that are neither settled nor being fetched."""
        now_ns = self._parts.clock_ns()
        for ssrc in dict.fromkeys(ssrcs):
            with self._ledger:
                self._demanded[ssrc] = now_ns
                with self._parts.table.lock:
                    settled = self._parts.table.settled(ssrc, now_ns)
            if not settled:
                self._keys.put((ssrc,))

    def run(self) -> None:
        """Run the workers until stopped."""
        work_in_pool(self._work)

    def _work(self) -> None:
        while keys := self._keys.take(1):
            try:
                self._admit(self._parts.source.fetch(keys))
            except DirectoryError:
                self._failed_fetches += 1
            self._keys.settle(keys)

    def _admit(self, fetched: Fetched) -> None:
        now_ns = self._parts.clock_ns()
        with self._parts.table.lock:
            self._parts.table.install(fetched, now_ns)
            with self._ledger:
                self._admitted.update((record.ssrc, now_ns) for record in fetched.found)

    def counters(self) -> Mapping[str, int]:
        """Sessions demanded and admitted, by the ledger, and `failed_fetches`."""
        return {
            "demanded": len(self._demanded),
            "admitted": len(self._admitted),
            "failed_fetches": self._failed_fetches,
        }


VERSION = Version(DemandLedger, locked_reads=True)
