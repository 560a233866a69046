"""The fix: misses are fetched off the packet path, all that are queued in one round trip, and announced afterwards.

Each key has one fetch in flight. No lock is held across a fetch, and the packet path takes none. Every wait is bounded:
for an answer of the directory by a timeout, before a repetition by the back-off. Packets that waited for over a second
are dropped and counted, so that a relay that fell behind forwards packets that can still be played.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hostio.timing import S
from relay_app.sessions.directory import DirectoryError, Fetched
from relay_app.versions.fetch_queue import QueuedMisses
from relay_app.versions.version import RelayParts, Version

_MOST_KEYS = 4096


class BulkFetch(QueuedMisses):
    """One thread that fetches all that is queued, again and again."""

    def __init__(self, parts: RelayParts) -> None:
        super().__init__(parts)
        self._failed_announcements = 0

    def run(self) -> None:
        """Fetch what is queued until stopped."""
        while keys := self._keys.take(_MOST_KEYS):
            fetched = self._fetch(keys)
            with self._parts.table.lock:
                self._parts.table.install(fetched, self._parts.clock_ns())
            self._keys.settle(keys)
            self._announce([record.ssrc for record in fetched.found])

    def _fetch(self, keys: Sequence[int]) -> Fetched:
        """Ask until there is an answer; nothing if the relay stops first."""
        wait_ns = self._parts.settings.first_wait_ns
        while not self._keys.stopped:
            try:
                return self._parts.source.fetch(keys)
            except DirectoryError:
                self._failed_fetches += 1
                self._keys.pause(wait_ns / S)
                wait_ns = min(2 * wait_ns, self._parts.settings.longest_wait_ns)
        return Fetched()

    def _announce(self, ssrcs: Sequence[int]) -> None:
        """Announce once; a failure is counted only, as media do not depend on it."""
        try:
            self._parts.source.announce(ssrcs, self._parts.ordinal)
        except DirectoryError:
            self._failed_announcements += 1

    def counters(self) -> Mapping[str, int]:
        """How many fetches and announcements failed."""
        return {"failed_fetches": self._failed_fetches, "failed_announcements": self._failed_announcements}


VERSION = Version(BulkFetch, stale_ns=S)
