"""Notices that a relay makes no progress, and writes down what every thread is doing at that moment."""

from __future__ import annotations

import faulthandler
from collections.abc import Callable
from pathlib import Path
from threading import Event

from hostio.timing import MS, S
from relay_app.locks.report import Stall
from relay_app.relay.recording import every
from relay_app.sessions.session_table import SessionTable
from relay_app.versions.version import ControlSide


class FetchProgress:
    """Progress is that fewer keys are being fetched or more sessions are cached than at the last look."""

    def __init__(self, control: ControlSide, table: SessionTable, clock_ns: Callable[[], int]) -> None:
        self._control = control
        self._table = table
        self._clock_ns = clock_ns
        self._seen = (0, 0)
        self._last_ns = 0

    def last_ns(self) -> int | None:
        """When there last was progress, the first look at the earliest; None if nothing is being fetched."""
        fetching, cached = self._control.fetching, len(self._table.cache)
        before, self._seen = self._seen, (fetching, cached)
        if not self._last_ns or not fetching or fetching < before[0] or cached > before[1]:
            self._last_ns = self._clock_ns()
        return self._last_ns if fetching else None


_LOOK_EVERY_NS = 100 * MS


class Watchdog:
    """`last_progress_ns` gives, for each thing that should make progress, when it last did; None if it need not.

    A stall is one of them without progress for `patience_ns`. `situation` says who holds which lock.
    """

    def __init__(
        self,
        last_progress_ns: Callable[[], dict[str, int | None]],
        situation: Callable[[], str],
        clock_ns: Callable[[], int],
        stacks: Path,
        patience_ns: int = 2 * S,
    ) -> None:
        self._last_progress_ns = last_progress_ns
        self._situation = situation
        self._clock_ns = clock_ns
        self._stacks = stacks
        self._patience_ns = patience_ns
        self._stopped = Event()
        self._stalls: dict[tuple[str, int], Stall] = {}
        """By what is stuck, and since when."""

    def run(self) -> None:
        """Look until stopped."""
        every(_LOOK_EVERY_NS, self._stopped, self.look)

    def look(self) -> None:
        """Note every stall there is now; the stacks are written once for each."""
        now_ns = self._clock_ns()
        for what, since_ns in self._last_progress_ns().items():
            if since_ns is None or now_ns - since_ns < self._patience_ns:
                continue
            if (what, since_ns) not in self._stalls:
                self._dump(what, now_ns - since_ns)
            self._stalls[what, since_ns] = Stall(since_ns, now_ns - since_ns, what)

    def _dump(self, what: str, for_ns: int) -> None:
        self._stacks.parent.mkdir(parents=True, exist_ok=True)
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
