"""Common parts of relay versions: a queue in which each missed key waits once, and a pool of threads to work on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from threading import Condition, Thread

from relay_app.locks.lock import SharedLock
from relay_app.versions.version import RelayParts

WORKERS = 64
"""Threads in a pool, and so fetches under way at a time in versions that fetch each key by itself."""


class KeyQueue:
    """A queue of distinct keys. A key that was taken is in flight until it is settled, and is not queued meanwhile:
    each key has at most one fetch under way (single flight)."""

    def __init__(self, lock: SharedLock) -> None:
        self._changed = Condition(lock)  # type: ignore[arg-type] # it asks for acquire and release only
        self._queued: dict[int, None] = {}
        self._in_flight: set[int] = set()
        self._stopped = False

    def __len__(self) -> int:
        return len(self._queued) + len(self._in_flight)

    @property
    def stopped(self) -> bool:
        """Whether `stop` has been called."""
        return self._stopped

    def put(self, keys: Iterable[int]) -> None:
        """Queue those that are neither queued nor in flight."""
        with self._changed:
            self._queued.update(dict.fromkeys(key for key in keys if key not in self._in_flight))
            self._changed.notify_all()

    def take(self, most: int) -> tuple[int, ...]:
        """Wait for keys and take up to `most` of them; none once stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._queued)
            keys = () if self._stopped else tuple(islice(self._queued, most))
            for key in keys:
                del self._queued[key]
            self._in_flight.update(keys)
            return keys

    def settle(self, keys: Iterable[int]) -> None:
        """Mark keys as no longer in flight."""
        with self._changed:
            self._in_flight.difference_update(keys)

    def pause(self, seconds: float) -> None:
        """Wait for `seconds`, or until stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped, seconds)

    def stop(self) -> None:
        """Have every wait return."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()


class QueuedMisses:
    """A control side without `run`, in which a version takes keys from the queue, fetches and settles them."""

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
        """Have `run` and every wait return."""
        self._keys.stop()


def work_in_pool(work: Callable[[], None]) -> None:
    """Run `work` in WORKERS threads, and return when all have ended."""
    workers = [Thread(target=work, name=f"fetch {number}", daemon=True) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
