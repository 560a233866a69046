"""Detects that a relay makes no progress, and writes the stacks of all its threads at that moment."""

from __future__ import annotations

import faulthandler
from collections.abc import Callable
from pathlib import Path
from threading import Event

from hostio.timing import MS, S
from relay_app.locks.report import STALL_AFTER_NS, Stall
from relay_app.relay.recording import every
from relay_app.sessions.session_table import SessionTable
from relay_app.versions.version import ControlSide


class FetchProgress:
    """Input of the watchdog: when fetching last made progress.

    Progress means that fewer keys are being fetched, or more sessions cached, than at the call before.
    """

    def __init__(self, control: ControlSide, table: SessionTable, clock_ns: Callable[[], int]) -> None:
        self._control = control
        self._table = table
        self._clock_ns = clock_ns
        self._seen = (0, 0)
        self._last_ns = 0

    def last_ns(self) -> int | None:
        """When there was progress last, CLOCK_MONOTONIC ns, at the earliest the first call; None if nothing is being
        fetched."""
        fetching, cached = self._control.fetching, len(self._table.cache)
        before, self._seen = self._seen, (fetching, cached)
        if not self._last_ns or not fetching or fetching < before[0] or cached > before[1]:
            self._last_ns = self._clock_ns()
        return self._last_ns if fetching else None


_INTERVAL_NS = 100 * MS


class Watchdog:
    """`last_progress_ns` gives by activity when it last made progress, CLOCK_MONOTONIC ns; None if it has nothing to
    do.

    An activity without progress for `patience_ns` is a Stall. `situation` says who holds which lock.
    """

    def __init__(
        self,
        last_progress_ns: Callable[[], dict[str, int | None]],
        situation: Callable[[], str],
        clock_ns: Callable[[], int],
        stacks: Path,
        patience_ns: int = STALL_AFTER_NS,
    ) -> None:
        self._last_progress_ns = last_progress_ns
        self._situation = situation
        self._clock_ns = clock_ns
        self._stacks = stacks
        self._patience_ns = patience_ns
        self._stopped = Event()
        self._stalls: dict[tuple[str, int], Stall] = {}
        """By activity and the time of its last progress."""

    def run(self) -> None:
        """Check ten times a second until stopped."""
        every(_INTERVAL_NS, self._stopped, self.look)

    def look(self) -> None:
        """Check once: record every stall there is now, and write the stacks once for each."""
        now_ns = self._clock_ns()
        for what, since_ns in self._last_progress_ns().items():
            if since_ns is None or now_ns - since_ns < self._patience_ns:
                continue
            if (what, since_ns) not in self._stalls:
                self._dump(what, now_ns - since_ns)
            self._stalls[what, since_ns] = Stall(since_ns, now_ns - since_ns, what)

    def _dump(self, what: str, for_ns: int) -> None:
        self._stacks.parent.mkdir(exist_ok=True)
        with self._stacks.open("a", encoding="utf-8") as file:
            file.write(f"{what}: no progress for {for_ns / S:.1f} s\n{self._situation()}\n")
            file.flush()
            faulthandler.dump_traceback(file, all_threads=True)
            file.write("\n")

    @property
    def stalls(self) -> tuple[Stall, ...]:
        """Every stall so far, in the order in which they began."""
        return tuple(sorted(self._stalls.values(), key=lambda stall: stall.at_ns))

    def stop(self) -> None:
        """End `run`."""
        self._stopped.set()
