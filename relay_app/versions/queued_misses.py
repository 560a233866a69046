"""What most relay versions have in common: misses wait in a queue, each key once."""

from __future__ import annotations

from collections.abc import Iterable

from relay_app.relay_version import RelayParts
from relay_app.versions.key_queue import KeyQueue


class QueuedMisses:
    """A control side without its `run`, which takes keys from the queue and settles them."""

    def __init__(self, parts: RelayParts) -> None:
        self._parts = parts
        self._keys = KeyQueue(parts.locks.create("fetch-queue"))
        self._failed_fetches = 0

    @property
    def fetching(self) -> int:
        """Keys queued or in flight."""
        return len(self._keys)

    def missed(self, ssrcs: Iterable[int]) -> None:
        """Queue those that are neither settled nor being fetched."""
        now_ns = self._parts.clock_ns()
        self._keys.put(ssrc for ssrc in dict.fromkeys(ssrcs) if not self._parts.table.settled(ssrc, now_ns))

    def stop(self) -> None:
        """End `run` and every wait."""
        self._keys.stop()
