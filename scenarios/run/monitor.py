"""The process that samples the machine's counters once a second while media flow, and writes them at the end.

A sample takes up to some milliseconds on a slow CPU. So the process has the lowest priority (nice 19), keeps samples in
memory, and takes them at an offset within the second at which scenarios seldom have a fault.
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
from hostio.files import write_rows
from hostio.procfs import read_clock_offset_ns, read_cores, read_own_time_ns, read_softnet
from hostio.timing import MS, S, Ticker
from relay_app.messages import MediaWindow
from results.run_files.machine import CORE_SAMPLE, MACHINE_SAMPLE
from results.run_files.run_dir import RunDir
from scenarios.supervision.processes import RunProcess, spawn

_PHASE_NS = 770 * MS
"""Offset of the samples within each second after the media start, ns."""

_NICENESS = 19


@dataclass(frozen=True, slots=True)
class MonitorConfig:
    """Files for MACHINE_SAMPLE and CORE_SAMPLE rows, .npy."""

    machine_path: Path
    cores_path: Path


class Monitor:
    """The samples so far, and when the next is due."""

    def __init__(self) -> None:
        self.ticker = Ticker(S)
        self._machine: list[npt.NDArray[Any]] = []
        self._cores: list[npt.NDArray[Any]] = []

    def wait_s(self) -> float | None:
        """Seconds until the next sample; None before the media window is known."""
        return None if self.ticker.due_ns is None else max(self.ticker.due_ns - monotonic_ns(), 0) / S

    def sample_if_due(self) -> None:
        """Take one sample if at least one is due; those missed in between are not made up for."""
        if list(self.ticker.due(monotonic_ns())):
            self.sample()

    def sample(self) -> None:
        """Take a sample now."""
        at_ns = monotonic_ns()
        self._cores.append(np.array(list(_core_rows(at_ns)), CORE_SAMPLE))
        self._machine.append(np.array([(at_ns, read_clock_offset_ns(), read_own_time_ns())], MACHINE_SAMPLE))

    def save(self, config: MonitorConfig) -> None:
        """Write all samples."""
        write_rows(config.machine_path, np.concatenate([np.empty(0, MACHINE_SAMPLE), *self._machine]))
        write_rows(config.cores_path, np.concatenate([np.empty(0, CORE_SAMPLE), *self._cores]))


def _core_rows(at_ns: int) -> Iterator[tuple[int, ...]]:
    queues = read_softnet()
    for core, times in read_cores().items():
        if core in queues:
            yield (at_ns, core, *times, *queues[core])


def serve(config: MonitorConfig, control: Connection) -> None:
    """Send Ready; sample at MediaWindow, then once a second; at Stop write all samples and send Stopped."""
    os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
    Monitor().sample()  # discarded; its imports and first-use costs are paid before media flow
    monitor = Monitor()
    tell(control, Ready())
    while True:
        if control.poll(monitor.wait_s()) and not _handle_message(monitor, control):
            break
        monitor.sample_if_due()
    monitor.save(config)
    tell(control, Stopped({}))


def _handle_message(monitor: Monitor, control: Connection) -> bool:
    """Handle one message; False if it was Stop."""
    message = receive(control)
    if isinstance(message, MediaWindow):
        monitor.sample()
        monitor.ticker.begin(message.start_ns - S + _PHASE_NS)
    return not isinstance(message, Stop)


def spawn_monitor(run: RunDir) -> RunProcess:
    """Start the monitor, whose samples go to the run's staging folder; it may not be ready on return."""
    config = MonitorConfig(run.staged(run.machine_samples), run.staged(run.core_samples))
    return spawn("monitor", serve, config, run.log("monitor"))
