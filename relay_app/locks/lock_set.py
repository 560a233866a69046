"""The locks of one process, and the report on them."""

from __future__ import annotations

from collections.abc import Sequence

from hostio.histogram import count_of, merged, quantiles
from hostio.histogram_compiled import LONGEST, TOTAL, Histogram
from relay_app.locks.audit import LockAudit
from relay_app.locks.lock import SharedLock
from relay_app.locks.report import Durations, LockReport, LockRow, SiteRow, Stall

_SHARES = (0.5, 0.99)


def durations_of(histogram: Histogram) -> Durations:
    """A histogram's count, quantiles, longest and total."""
    p50_ns, p99_ns = quantiles(histogram, _SHARES)
    return Durations(count_of(histogram), p50_ns, p99_ns, int(histogram[LONGEST]), int(histogram[TOTAL]))


class LockSet:
    """Creates locks, and reports on all of them at any time, also while they are in use."""

    def __init__(self, *, audited: bool = True) -> None:
        self.audit = LockAudit()
        self._audited = audited
        self._locks: list[SharedLock] = []

    def create(self, name: str) -> SharedLock:
        """A new lock with its name in the report."""
        lock = SharedLock(name, self.audit if self._audited else None)
        self._locks.append(lock)
        return lock

    def report(self, stalls: Sequence[Stall] = ()) -> LockReport:
        """The audit so far; `stalls` are the watchdog's."""
        rows = [row for lock in self._locks for row in _site_rows(lock)]
        return LockReport(
            locks=tuple(sorted(map(_row, self._locks), key=lambda row: -row.wait.total_ns)),
            sites=tuple(sorted(rows, key=lambda row: -row.wait.total_ns)),
            held_across_io=self.audit.held_across_io(),
            inversions=self.audit.inversions(),
            stalls=tuple(stalls),
        )

    def situation(self) -> str:
        """Holders and waiters now, a line per lock."""
        return "\n".join(lock.situation() for lock in self._locks)


def _site_rows(lock: SharedLock) -> list[SiteRow]:
    users = lock.users().items()
    return [SiteRow(lock.name, site, durations_of(user.wait), durations_of(user.hold)) for site, user in users]


def _row(lock: SharedLock) -> LockRow:
    users = lock.users().values()
    waits, holds = merged(user.wait for user in users), merged(user.hold for user in users)
    return LockRow(lock.name, lock.longest_queue, durations_of(waits), durations_of(holds))
