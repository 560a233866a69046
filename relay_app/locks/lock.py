"""A mutex that Python threads and compiled loops share, with an audit of every hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import get_ident
from time import monotonic_ns

import numpy as np

from hostio.histogram_compiled import TOTAL, Histogram, count_duration, new_histogram
from relay_app.locks.audit import LockAudit, call_site
from relay_app.locks.mutex_compiled import MUTEX_WORDS, Array, LockPlace, lock_mutex, try_mutex, unlock_mutex


@dataclass(slots=True)
class SiteTimes:
    """Histograms of one call site, ns; written by the lock's holder only."""

    wait: Histogram = field(default_factory=new_histogram)
    hold: Histogram = field(default_factory=new_histogram)


class SharedLock:
    """A pthread mutex: not recursive, not fair. Works in `with` and in threading.Condition.

    Without an audit nothing is recorded. A Python thread that waits for it releases the interpreter lock.
    """

    def __init__(self, name: str, audit: LockAudit | None) -> None:
        self.name = name
        self.mutex: Array = np.zeros(MUTEX_WORDS, np.int64)
        self.sites: dict[str, SiteTimes] = {}
        self.places: dict[str, LockPlace] = {}
        """By name, the places in compiled loops that take it."""
        self._most_waiters = 0
        self._audit = audit
        self._waiting: set[int] = set()
        self._site = ""
        self._held_since_ns = 0

    def place(self, site: str) -> LockPlace:
        """A named place in a compiled loop that will take this lock; for one thread at a time."""
        return self.places.setdefault(site, LockPlace.at(self.mutex, audited=self._audit is not None))

    def acquire(self, blocking: bool = True) -> bool:
        """Take it; whether that was done, which without `blocking` means that it was free."""
        if self._audit is None:
            return self._take(blocking)
        site, before_ns = call_site(), monotonic_ns()
        taken = self._take(blocking=False) or (blocking and self._wait())
        if taken:
            self._site, self._held_since_ns = site, monotonic_ns()
            count_duration(self.sites.setdefault(site, SiteTimes()).wait, self._held_since_ns - before_ns)
            self._audit.acquired(self.name, site)
        return taken

    def _wait(self) -> bool:
        me = get_ident()
        self._waiting.add(me)
        self._most_waiters = max(self._most_waiters, self.waiters)
        self._take(blocking=True)
        self._waiting.discard(me)
        return True

    def _take(self, blocking: bool) -> bool:
        if blocking:
            lock_mutex(self.mutex)
            return True
        return try_mutex(self.mutex)

    def release(self) -> None:
        """Release it."""
        if self._audit is not None:
            count_duration(self.sites[self._site].hold, monotonic_ns() - self._held_since_ns)
            self._held_since_ns = 0
            self._audit.released(self.name)
        unlock_mutex(self.mutex)

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    @property
    def waiters(self) -> int:
        """Threads that wait for it now."""
        return len(self._waiting) + sum(bool(place.now[0]) for place in self.places.values())

    @property
    def longest_queue(self) -> int:
        """The most threads that waited for it at a time, counted whenever a Python thread began to wait."""
        return max(self._most_waiters, int(any(place.now[2] for place in self.places.values())))

    def held_ns(self) -> int:
        """Total time for which it has been held, ns, the present hold included."""
        total = sum(int(times.hold[TOTAL]) for times in list(self.sites.values()))
        total += sum(int(place.hold[TOTAL]) for place in self.places.values())
        since = [self._held_since_ns, *(int(place.now[1]) for place in self.places.values())]
        return total + sum(monotonic_ns() - start_ns for start_ns in since if start_ns)

    def users(self) -> dict[str, SiteTimes | LockPlace]:
        """Every call site and place that has taken it, with its histograms."""
        return {**self.sites, **self.places}

    def situation(self) -> str:
        """A line for the stacks file: who holds it and how many wait."""
        holders = [self._site] if self._held_since_ns else []
        holders += [site for site, place in self.places.items() if place.now[1]]
        return f"{self.name}: {', '.join(holders) or 'nobody'} holds it, {self.waiters} wait"
