"""The machinery itself: what its counters said at the end of a run, and once a second while media flowed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hostio.histogram import Lateness
from topologies.link_backend import LinkCounters
from topologies.openvswitch import DatapathStats, PortDrops

MACHINE_SAMPLE = np.dtype([("at_ns", "<i8"), ("clock_offset_ns", "<i8"), ("own_ns", "<i8")])
"""The whole machine at an instant: CLOCK_REALTIME − CLOCK_MONOTONIC; and cumulative, the processor time that the run's
own processes have used."""

CORE_SAMPLE = np.dtype(
    [
        ("at_ns", "<i8"),
        ("core", "<u2"),
        *((name, "<i8") for name in ("busy_ns", "interrupt_ns", "idle_ns", "stolen_ns")),
        *((name, "<i8") for name in ("softnet_processed", "softnet_dropped", "softnet_squeezed")),
    ]
)
"""One core of the machine at the same instants, all cumulative since boot. Its time: in processes, in interrupts, idle,
and kept by the machine's own host for others. Packets of every network namespace, and not of this run alone, that the
kernel took off the core's receive queues, that found its backlog full, and rounds that ended with packets left over."""


@dataclass(frozen=True, slots=True, eq=False)
class MachineSamples:
    """MACHINE_SAMPLE[n], and CORE_SAMPLE[m] of the same instants."""

    machine: NDArray[np.void]
    cores: NDArray[np.void]


@dataclass(frozen=True, slots=True)
class LinkRow:
    """Counters of one direction of a link, and the media frames that came onto it and off, as its ends counted."""

    source: str
    destination: str
    counters: LinkCounters
    onto_link: int
    off_link: int


@dataclass(frozen=True, slots=True)
class HostRow:
    """Media frames that a cluster's switch got from its host and sent to it, as its port there counted them, and the
    host's UDP counters (RFC 4113) over the run, by their kernel names."""

    cluster: str
    from_host: int
    to_host: int
    udp: dict[str, int]


ProcessKind = Literal["relay", "client", "prober", "peer", "monitor", "wire", "ovs-vswitchd"]


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process of the run. `cluster` is empty for the kinds of which a run has one: monitor, wire, ovs-vswitchd."""

    kind: ProcessKind
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class CounterRow:
    """What a process counted about itself, all its lives together, under a name that the process gave."""

    process: ProcessId
    counter: str
    count: int


@dataclass(frozen=True, slots=True)
class SocketRow:
    """Packets lost in a receive buffer of a process; the sockets of ovs-vswitchd have the names of their ports."""

    process: ProcessId
    socket: str
    drops: int


@dataclass(frozen=True, slots=True)
class LatenessRow:
    """How late a thread of a process was, or the frames that the wire's thread `release` released.

    `ended_life`: which life of the process it was, where that had ended by plan before the media did.
    """

    process: ProcessId
    thread: str
    ended_life: int | None
    lateness: Lateness


@dataclass(frozen=True, slots=True)
class MachineReport:
    """What the processes, the switches and the kernel counted over a run.

    `backlog_drops`: frames of any kind that the kernel dropped on their way to an interface, by interface, those of a
    host by its cluster. `lateness`: of timed wake-ups while media flowed, and of released frames, which the kernel does
    not tell where it emulates the links. `lookups`: of the switches while media flowed.
    `memory_bytes`: proportional set size of all processes together, at the media end, when their records are largest.
    `ended_early`: names of processes that were gone, or silent, when they were to stop.
    """

    format: Literal[2] = field(default=2, kw_only=True)
    counters: tuple[CounterRow, ...]
    socket_drops: tuple[SocketRow, ...]
    port_drops: tuple[PortDrops, ...]
    backlog_drops: dict[str, int]
    links: tuple[LinkRow, ...]
    hosts: tuple[HostRow, ...]
    lateness: tuple[LatenessRow, ...]
    lookups: DatapathStats
    memory_bytes: int
    ended_early: tuple[str, ...]

    def counter(self, process: ProcessId, name: str) -> int:
        """What a process counted under that name; 0 if it did not."""
        return sum(row.count for row in self.counters if (row.process, row.counter) == (process, name))

    def sockets_of(self, process: ProcessId) -> Iterator[SocketRow]:
        """The sockets of one process."""
        return (row for row in self.socket_drops if row.process == process)
