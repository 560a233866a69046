"""Samples a relay's state on an absolute schedule, each sample on disk at once."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from time import monotonic_ns

import numpy as np

from hostio.units import S
from relay_app.forwarding import PacketPath
from relay_app.growing_array import GrowingArray
from relay_app.records import RELAY_SAMPLE
from relay_app.relay_version import ControlSide
from relay_app.session_table import SessionTable


class Sampler:
    """Takes a row at the start, one per interval, and one at the end."""

    def __init__(
        self,
        path: PacketPath,
        table: SessionTable,
        control: ControlSide,
        rows: GrowingArray,
        interval_ns: int,
        life: int = 0,
    ) -> None:
        self._path = path
        self._table = table
        self._control = control
        self._rows = rows
        self._interval_ns = interval_ns
        self._life = life
        self._stopped = Event()

    def run(self) -> None:
        """Sample until stopped."""
        every(self._interval_ns, self._stopped, self.sample)

    def sample(self) -> None:
        """Take a row now."""
        lock = self._table.lock
        gauges = (
            len(self._table.cache),
            self._control.fetching,
            self._path.queued,
            self._path.waiting_bytes(),
            lock.waiters,
            lock.held_ns(),
        )
        self._rows.append(np.array([(monotonic_ns(), *self._path.counts(), *gauges, self._life)], RELAY_SAMPLE))

    def stop(self) -> None:
        """End `run`."""
        self._stopped.set()


def every(interval_ns: int, stopped: Event, act: Callable[[], None]) -> None:
    """Act now and once per interval until stopped; an instant that has passed already is left out."""
    due_ns = monotonic_ns()
    while not stopped.wait(max(due_ns - monotonic_ns(), 0) / S):
        act()
        due_ns += interval_ns * max(1, -(-(monotonic_ns() - due_ns) // interval_ns))
