"""Audit of the locks of a process: in which order they are taken, at which call sites, and across which I/O."""

from __future__ import annotations

import contextlib
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import local
from time import monotonic_ns
from types import FrameType

from relay_app.locks.report import HeldAcrossIo, Inversion

_OWN_CODE = str(Path(__file__).parent)
_PROJECT = Path(__file__).resolve().parent.parent.parent
_PASSED_OVER = (_OWN_CODE, threading.__file__, contextlib.__file__)


def call_site() -> str:
    """The innermost call of this thread outside the lock's own code and the library's around it: file, line,
    function."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_PASSED_OVER):
        frame = frame.f_back
    return "?" if frame is None else _place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


def stack() -> tuple[str, ...]:
    """The calls of this thread, outermost first, without the lock's own code."""
    calls = [call for call in traceback.extract_stack() if not call.filename.startswith(_PASSED_OVER)]
    return tuple(_place(call.filename, call.lineno or 0, call.name) for call in calls)


def _place(filename: str, line: int, function: str) -> str:
    path = Path(filename)
    shown = path.relative_to(_PROJECT) if path.is_relative_to(_PROJECT) else Path(path.name)
    return f"{shown}:{line} {function}"


@dataclass(frozen=True, slots=True)
class _Hold:
    lock: str
    site: str


class _ThreadHolds(local):
    """The locks that a thread holds, in the order in which it took them."""

    def __init__(self) -> None:
        self.holds: list[_Hold] = []


class LockAudit:
    """Collects what locks report when they are taken and released, and I/O when it begins and ends. Thread-safe."""

    def __init__(self) -> None:
        self._thread = _ThreadHolds()
        self._orders: dict[tuple[str, str], str] = {}
        """(held, taken) → call site at which the second was first taken while the first was held."""
        self._across_io: dict[tuple[str, str, str], HeldAcrossIo] = {}

    def acquired(self, lock: str, site: str) -> None:
        """The calling thread took a lock."""
        for hold in self._thread.holds:
            self._orders.setdefault((hold.lock, lock), site)
        self._thread.holds.append(_Hold(lock, site))

    def released(self, lock: str) -> None:
        """The calling thread is about to release a lock."""
        self._thread.holds = [hold for hold in self._thread.holds if hold.lock != lock]

    @contextmanager
    def io(self, operation: str) -> Iterator[None]:
        """Marks I/O: every lock that the calling thread holds at its end is recorded as held across it."""
        start_ns = monotonic_ns()
        try:
            yield
        finally:
            for hold in self._thread.holds:
                self._note_io(hold, operation, monotonic_ns() - start_ns)

    def _note_io(self, hold: _Hold, operation: str, lasted_ns: int) -> None:
        key = (hold.lock, hold.site, operation)
        known = self._across_io.get(key) or HeldAcrossIo(hold.lock, hold.site, operation, 0, 0, 0, stack())
        self._across_io[key] = HeldAcrossIo(
            *key,
            count=known.count + 1,
            max_ns=max(known.max_ns, lasted_ns),
            total_ns=known.total_ns + lasted_ns,
            stack=known.stack,
        )

    def held_across_io(self) -> tuple[HeldAcrossIo, ...]:
        """Every lock that was held across I/O, the longest total first."""
        rows = [*self._across_io.values()]
        return tuple(sorted(rows, key=lambda row: -row.total_ns))

    def inversions(self) -> tuple[Inversion, ...]:
        """Every pair of locks that was taken in both orders."""
        orders = dict(self._orders)
        return tuple(
            Inversion(first, second, (site, orders[second, first]))
            for (first, second), site in sorted(orders.items())
            if first < second and (second, first) in orders
        )
