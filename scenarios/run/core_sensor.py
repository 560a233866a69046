"""Sensors of the cores: a thread on each that wakes at short intervals, and notes when it could not.

Their real-time priority is above all of the run's, so what holds them up comes from outside: another program of higher
priority, an interrupt, or the host of a virtual machine. A hold-up that lasts a period and 1 ms is always noticed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from threading import Thread

import numpy as np

from hostio.compiled import precompile
from hostio.core_sensor_compiled import sense
from hostio.lateness import Spans
from hostio.lateness_compiled import LatenessRows, empty_lateness, hold_ups_of, watch
from hostio.realtime import RealtimePriority, set_realtime_priority

_END_WITHIN_S = 5.0


class CoreSensors:
    """A sensor on each of these cores, for a time; a core that goes offline has none."""

    def __init__(self, cores: Iterable[int], period_ns: int) -> None:
        self._lateness = {core: empty_lateness() for core in cores}
        self._period_ns = period_ns
        self._stop = np.zeros(1, np.int64)
        self._threads: list[Thread] = []
        self._realtime: list[bool] = []

    def begin(self, from_ns: int, until_ns: int) -> None:
        """Start them; they note what happens from then until then, CLOCK_MONOTONIC."""
        for core, lateness in self._lateness.items():
            watch(lateness, from_ns, until_ns)
            thread = Thread(target=self._sense, args=(core, lateness), name=f"core {core}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _sense(self, core: int, lateness: LatenessRows) -> None:
        try:
            os.sched_setaffinity(0, {core})
        except OSError:
            return
        self._realtime.append(set_realtime_priority(RealtimePriority.SENSOR))
        sense(lateness, self._stop, self._period_ns, np.zeros(2, np.int64))

    def end(self) -> None:
        """Have them end, within a period unless a core is held up."""
        self._stop[0] = 1
        for thread in self._threads:
            thread.join(_END_WITHIN_S)

    def hold_ups(self) -> dict[str, Spans]:
        """When each core was held up, by the name of its thread."""
        return {f"core {core}": hold_ups_of(lateness) for core, lateness in self._lateness.items()}

    def counters(self) -> dict[str, int]:
        """`core_sensors`: how many there were; `realtime_core_sensors`: those that had real-time priority. Others are
        held up by the run itself, too."""
        return {"core_sensors": len(self._realtime), "realtime_core_sensors": sum(self._realtime)}


def compile_loops() -> None:
    """Compile the sensor's loop, or load it from the cache."""
    precompile(sense, empty_lateness(), np.zeros(1, np.int64), 0, np.zeros(2, np.int64))
