"""The process that watches the machine while media flow: one sample a second, kept in memory until the end.

It yields to everything else, and samples where few events are planned: on a slow CPU a sample takes some milliseconds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic_ns
from typing import Any

import numpy as np
import numpy.typing as npt

from hostio.control import Ready, Stop, Stopped, receive, tell
from hostio.procfs import read_clock_offset_ns, read_cores, read_own_time_ns, read_softnet
from hostio.timing import MS, S, Ticker
from relay_app.messages import MediaWindow
from results.run_files.machine import CORE_SAMPLE, MACHINE_SAMPLE
from results.run_files.run_dir import RunDir
from scenarios.supervision.processes import RunProcess, spawn

_PHASE_NS = 770 * MS
"""When in each second of the scenario it samples."""

_YIELDING = 19


@dataclass(frozen=True, slots=True)
class MonitorConfig:
    """Where MACHINE_SAMPLE and CORE_SAMPLE rows go at the end, as .npy."""

    machine_path: Path
    cores_path: Path


class Monitor:
    """The samples so far, and when the next is due."""

    def __init__(self) -> None:
        self.ticker = Ticker(S)
        self._machine: list[npt.NDArray[Any]] = []
        self._cores: list[npt.NDArray[Any]] = []

    def wait_s(self) -> float | None:
        """Until the next sample; None before the media."""
        return None if self.ticker.due_ns is None else max(self.ticker.due_ns - monotonic_ns(), 0) / S

    def sample_if_due(self) -> None:
        """One sample, however many seconds have passed."""
        if list(self.ticker.due(monotonic_ns())):
            self.sample()

    def sample(self) -> None:
        """Read everything now."""
        at_ns = monotonic_ns()
        self._cores.append(np.array(list(_core_rows(at_ns)), CORE_SAMPLE))
        self._machine.append(np.array([(at_ns, read_clock_offset_ns(), read_own_time_ns())], MACHINE_SAMPLE))

    def save(self, config: MonitorConfig) -> None:
        """Write all samples."""
        np.save(config.machine_path, np.concatenate([np.empty(0, MACHINE_SAMPLE), *self._machine]))
        np.save(config.cores_path, np.concatenate([np.empty(0, CORE_SAMPLE), *self._cores]))


def _core_rows(at_ns: int) -> Iterator[tuple[int, ...]]:
    queues = read_softnet()
    for core, times in read_cores().items():
        if core in queues:
            yield (at_ns, core, *times, *queues[core])


def serve(config: MonitorConfig, control: Connection) -> None:
    """Say Ready, sample at MediaWindow and from then on once a second, and on Stop write all and say Stopped."""
    os.setpriority(os.PRIO_PROCESS, 0, _YIELDING)
    Monitor().sample()  # whatever it needs is in memory then
    monitor = Monitor()
    tell(control, Ready())
    while True:
        if control.poll(monitor.wait_s()) and not _obeyed(monitor, control):
            break
        monitor.sample_if_due()
    monitor.save(config)
    tell(control, Stopped({}))


def _obeyed(monitor: Monitor, control: Connection) -> bool:
    """Obey one message; False if it is to stop."""
    message = receive(control)
    if isinstance(message, MediaWindow):
        monitor.sample()
        monitor.ticker.begin(message.start_ns - S + _PHASE_NS)
    return not isinstance(message, Stop)


def spawn_monitor(run: RunDir) -> RunProcess:
    """Start the process, whose samples go to the staging folder of a run; it may not be ready yet."""
    config = MonitorConfig(run.staged(run.machine_samples), run.staged(run.core_samples))
    return spawn("monitor", serve, config, run.log("monitor"))
