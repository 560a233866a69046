"""Keys waiting to be fetched: each once, in the order in which they were first missed."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from threading import Condition

from relay_app.locks.lock import SharedLock


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
