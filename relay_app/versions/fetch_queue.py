"""What relay versions have in common: misses wait in a queue, each key once, for one thread or a pool of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from threading import Condition, Thread

from relay_app.locks.lock import SharedLock
from relay_app.versions.version import RelayParts


class KeyQueue:
    """A queue of distinct keys. A key that was taken is in flight, and cannot be queued, until it is settled."""

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
        """Wait for keys and take up to so many; none once stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._queued)
            keys = () if self._stopped else tuple(islice(self._queued, most))
            for key in keys:
                del self._queued[key]
            self._in_flight.update(keys)
            return keys

    def settle(self, keys: Iterable[int]) -> None:
        """These are no longer in flight."""
        with self._changed:
            self._in_flight.difference_update(keys)

    def pause(self, seconds: float) -> None:
        """Wait so long, or until stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped, seconds)

    def stop(self) -> None:
        """End every wait."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()


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


WORKERS = 64
"""Round trips that a relay has under way at a time, where each takes a thread."""


def work_in_pool(work: Callable[[], None]) -> None:
    """Run `work` in WORKERS threads, and return when all have ended."""
    workers = [Thread(target=work, name=f"fetch {number}", daemon=True) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
