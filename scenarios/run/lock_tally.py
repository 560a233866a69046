"""Adds up what is seen of threads that wait for locks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from results.run_files.lock_waits import LockWait


class Blockage(NamedTuple):
    """Names of the threads that waits and that holds, the call that the holder is blocked in, and what that is of."""

    waiter: str
    holder: str
    call: str
    target: str


class Sighting(NamedTuple):
    """A thread, seen while it waited for a lock. `wait`: identifies this one wait of the thread; `holder`: number of
    the thread that held the lock."""

    wait: tuple[int, int]
    holder: int
    what: Blockage


@dataclass(slots=True)
class _Row:
    samples: int = 0
    total_ns: int = 0
    longest_ns: int = 0


@dataclass(frozen=True, slots=True)
class _Open:
    """A wait that was seen in the last look; `seen_ns` is that look."""

    from_ns: int
    seen_ns: int
    looks: int


class LockTally:
    """Waits that were seen in two looks in a row at least: seen once, a lock may just have changed hands."""

    def __init__(self) -> None:
        self._open: dict[tuple[tuple[int, int], int], _Open] = {}
        self._rows: dict[Blockage, _Row] = {}

    def add(self, at_ns: int, sightings: Sequence[Sighting]) -> None:
        """Take in one look at all threads."""
        still: dict[tuple[tuple[int, int], int], _Open] = {}
        for each in sightings:
            key = each.wait, each.holder
            before = self._open.get(key)
            if before:
                self._extend(each.what, before, at_ns)
            still[key] = _Open(before.from_ns if before else at_ns, at_ns, before.looks + 1 if before else 1)
        self._open = still

    def _extend(self, what: Blockage, wait: _Open, at_ns: int) -> None:
        row = self._rows.setdefault(what, _Row())
        row.samples += 2 if wait.looks == 1 else 1
        row.total_ns += at_ns - wait.seen_ns
        row.longest_ns = max(row.longest_ns, at_ns - wait.from_ns)

    def waits(self) -> tuple[LockWait, ...]:
        """All that was seen, longest in all first."""
        rows = sorted(self._rows.items(), key=lambda each: (-each[1].total_ns, each[0]))
        return tuple(LockWait(*what, row.samples, row.total_ns, row.longest_ns) for what, row in rows)
