"""The process that watches the machine while media flow: samples once a second, and sensors of the cores.

A sample takes some milliseconds of CPU. So the process keeps samples in memory, and takes them at an offset within the
second at which scenarios seldom have a fault. It has ordinary priority: at a lower one, samples came seconds late on a
busy machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from time import monotonic_ns
from typing import Any

import numpy as np
import numpy.typing as npt

from hostio.control import Ready, Stop, Stopped, receive, tell
from hostio.files import write_array, write_whole
from hostio.procfs import read_clock_offset_ns, read_cores, read_own_time_ns, read_softnet
from hostio.realtime import RealtimePriority, clear_realtime_priority, set_realtime_priority
from hostio.stack_dumps import StackTool
from hostio.timing import MS, S, Ticker
from relay_app.messages import MediaPrepared, MediaWindow, PrepareMedia
from results.run_files.documents import dump
from results.run_files.machine import CORE_SAMPLE, MACHINE_SAMPLE
from results.run_files.run_dir import RunDir
from scenarios.run import core_sensor
from scenarios.run.core_sensor import CoreSensors
from scenarios.run.link_sampler import LinkSampler
from scenarios.run.lock_sampler import PERIOD_NS as LOCK_PERIOD_NS
from scenarios.run.lock_sampler import LockSampler
from scenarios.run.program_sampler import ProgramProcesses, ProgramSampler
from scenarios.run.run_delays import RunDelays
from scenarios.run.stall_sampler import StallSampler, WatchedProgram
from scenarios.supervision.processes import RunProcess, spawn

_PHASE_NS = 770 * MS
"""Offset of the samples within each second after the media start, ns."""

_SENSOR_PERIOD_NS = 2 * MS
_VIRTUAL_SENSOR_PERIOD_NS = 20 * MS
_VIRTUAL_LOCK_PERIOD_NS = 100 * MS
_VIRTUAL_NICENESS = 19
"""In virtual time nothing from outside runs beside the run, so a sensor may wake seldom and a sample wait for the run;
and the CPU is slow, so both are to take little of it."""


@dataclass(frozen=True, slots=True)
class MonitorConfig:
    """`run`: to whose staging folder the rows go. `host_pids`: a process in the network namespace of each cluster's
    host, by the cluster's ordinal. `programs`: names of the clusters whose relay is a program, by ordinal. `stacks`:
    how to take those of a program, by ordinal. `peers`: names for what their connections lead to, by address:port.
    `link_ends`: the interface at which frames leave each link direction that has a rate, by its index in the topology.
    `virtual_time`: the run is on a virtual clock.
    """

    run: RunDir
    host_pids: Mapping[int, int]
    programs: Mapping[int, str] = field(default_factory=dict)
    stacks: Mapping[int, StackTool] = field(default_factory=dict)
    peers: Mapping[str, str] = field(default_factory=dict)
    link_ends: Mapping[int, str] = field(default_factory=dict)
    virtual_time: bool = False


class Monitor:
    """The samples so far, when the next is due, and the sensors of the cores."""

    def __init__(self, config: MonitorConfig) -> None:
        period_ns = _VIRTUAL_SENSOR_PERIOD_NS if config.virtual_time else _SENSOR_PERIOD_NS
        self.sensors = CoreSensors(os.sched_getaffinity(0), period_ns)
        self.run_delays = RunDelays(config.host_pids, config.programs)
        processes = ProgramProcesses(config.host_pids, config.programs)
        self.programs = ProgramSampler(processes) if config.programs else None
        lock_period_ns = _VIRTUAL_LOCK_PERIOD_NS if config.virtual_time else LOCK_PERIOD_NS
        self.locks = LockSampler(config.programs, config.peers, lock_period_ns)
        watched = {
            ordinal: WatchedProgram(cluster, config.host_pids[ordinal], config.stacks.get(ordinal))
            for ordinal, cluster in config.programs.items()
        }
        self.stalls = StallSampler(watched, config.run)
        self.links = LinkSampler(config.link_ends)
        self.ticker = Ticker(S)
        self._machine: list[npt.NDArray[Any]] = []
        self._cores: list[npt.NDArray[Any]] = []

    def wait_s(self) -> float | None:
        """Seconds until the next sample; None before the media window is known."""
        due_ns = [each for each in (self.ticker.due_ns, self.links.ticker.due_ns) if each is not None]
        return max(min(due_ns) - monotonic_ns(), 0) / S if due_ns else None

    def sample_if_due(self) -> None:
        """Take one sample if at least one is due; those missed in between are not made up for."""
        self.links.sample_if_due()
        if list(self.ticker.due(monotonic_ns())):
            self.sample()

    def sample(self) -> None:
        """Take a sample now."""
        at_ns = monotonic_ns()
        # Next to each other: what the run used of the cores between these two would be in one of them only.
        self._cores.append(np.array(list(_core_rows(at_ns)), CORE_SAMPLE))
        self._machine.append(np.array([(at_ns, read_clock_offset_ns(), read_own_time_ns())], MACHINE_SAMPLE))
        self.run_delays.sample()
        if self.programs:
            found = self.programs.sample()
            self.locks.watch(found)
            self.stalls.watch(found)

    def save(self, config: MonitorConfig) -> None:
        """Write all samples."""
        run = config.run
        write_array(run.staged(run.machine_samples), np.concatenate([np.empty(0, MACHINE_SAMPLE), *self._machine]))
        write_array(run.staged(run.core_samples), np.concatenate([np.empty(0, CORE_SAMPLE), *self._cores]))
        write_array(run.staged(run.run_delays), self.run_delays.rows())
        if config.link_ends:
            write_array(run.staged(run.link_bytes), self.links.rows())
        if self.programs:
            self.programs.save(run)
        for ordinal, waits in self.locks.found().items():
            write_whole(run.lock_waits(config.programs[ordinal]), dump(waits))

        for cluster, stalls in self.stalls.found().items():
            write_whole(run.program_stalls(cluster), dump(stalls))

    def finish(self) -> Stopped:
        """End the sensors; the final report. `run_delay_samples` 0: the kernel does not tell run delays."""
        self.sensors.end()
        counters = {"run_delay_samples": self.run_delays.told, **self.sensors.counters()}
        return Stopped({}, counters, hold_ups=self.sensors.hold_ups())


def _core_rows(at_ns: int) -> Iterator[tuple[int, ...]]:
    queues = read_softnet()
    for core, times in read_cores().items():
        if core in queues:
            yield (at_ns, core, *times, *queues[core])


def serve(config: MonitorConfig, control: Connection) -> None:
    """Send Ready; answer PrepareMedia; sample at MediaWindow, then once a second, and at Stop; then send Stopped."""
    if config.virtual_time:
        os.setpriority(os.PRIO_PROCESS, 0, _VIRTUAL_NICENESS)
    core_sensor.compile_loops()
    Monitor(config).sample()  # discarded; its imports and first-use costs are paid before media flow
    monitor = Monitor(config)
    tell(control, Ready())
    while True:
        if control.poll(monitor.wait_s()) and not _handle_message(monitor, control):
            break
        monitor.sample_if_due()
    monitor.locks.end()
    monitor.stalls.end()
    monitor.run_delays.sample()
    monitor.links.sample()
    monitor.save(config)
    tell(control, monitor.finish())


def _handle_message(monitor: Monitor, control: Connection) -> bool:
    """Handle one message; False if it was Stop."""
    message = receive(control)
    if isinstance(message, PrepareMedia):
        set_realtime_priority(RealtimePriority.SOURCE)
        tell(control, MediaPrepared())
    if isinstance(message, MediaWindow):
        monitor.sensors.begin(message.start_ns, message.end_ns)
        clear_realtime_priority()
        # Their threads have the priority of the one that starts them.
        monitor.locks.begin()
        monitor.stalls.begin(message.end_ns)
        monitor.sample()
        monitor.ticker.begin(message.start_ns - S + _PHASE_NS)
        monitor.links.begin(message.start_ns)
    return not isinstance(message, Stop)


def spawn_monitor(config: MonitorConfig) -> RunProcess:
    """Start the monitor; it may not be ready on return."""
    return spawn("monitor", serve, config, config.run.log("monitor"))
