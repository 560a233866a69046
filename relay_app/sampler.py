"""Samples a relay's counters on an absolute schedule."""

from __future__ import annotations

from threading import Event
from time import monotonic_ns
from typing import Any

import numpy as np
import numpy.typing as npt

from hostio.units import S
from relay_app.forwarding import Forwarder
from relay_app.records import RELAY_SAMPLE
from relay_app.relay_version import RelayVersion
from relay_app.session_table import SessionTable


class Sampler:
    """Takes a row at the start, one per interval, and one when asked for the rows."""

    def __init__(self, forwarder: Forwarder, table: SessionTable, version: RelayVersion, interval_ns: int) -> None:
        self._forwarder = forwarder
        self._table = table
        self._version = version
        self._interval_ns = interval_ns
        self._stopped = Event()
        self._rows: list[npt.NDArray[Any]] = []

    def run(self) -> None:
        """Sample until stopped; an instant that has passed already is left out."""
        due_ns = monotonic_ns()
        while not self._stopped.wait(max(due_ns - monotonic_ns(), 0) / S):
            now_ns = monotonic_ns()
            self._rows.append(self._row(now_ns))
            due_ns += self._interval_ns * max(1, -(-(now_ns - due_ns) // self._interval_ns))

    def _row(self, now_ns: int) -> npt.NDArray[Any]:
        fields = (now_ns, *self._forwarder.counts(), len(self._table.cache), self._version.fetching, 0, 0, 0, 0)
        return np.array([fields], RELAY_SAMPLE)

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()

    def rows(self) -> npt.NDArray[Any]:
        """RELAY_SAMPLE[n], the last one taken now: the final counts, if the packet path has ended."""
        return np.concatenate([*self._rows, self._row(monotonic_ns())])
