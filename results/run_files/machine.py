"""Counters of the machine, the switches and the run's processes: at the end of the run, and once a second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hostio.lateness import Lateness
from topologies.link_backend import LinkCounters
from topologies.openvswitch import DatapathStats, PortDrops

MACHINE_SAMPLE = np.dtype([("at_ns", "<i8"), ("clock_offset_ns", "<i8"), ("own_ns", "<i8")])
"""The whole machine at an instant. `clock_offset_ns`: CLOCK_REALTIME − CLOCK_MONOTONIC; `own_ns`: processor time of the
run's own processes, cumulative."""

CORE_SAMPLE = np.dtype(
    [
        ("at_ns", "<i8"),
        ("core", "<u2"),
        *((name, "<i8") for name in ("busy_ns", "interrupt_ns", "idle_ns", "stolen_ns")),
        *((name, "<i8") for name in ("softnet_processed", "softnet_dropped", "softnet_squeezed")),
    ]
)
"""One core at the same instants, cumulative since boot. Time (proc_stat(5)): in processes, in interrupts, idle, and
steal. /proc/net/softnet_stat, of all network namespaces, other programs' too: packets taken off the core's receive
queues, packets dropped because its backlog was full, and rounds that ended with packets left over."""

LINK_SAMPLE = np.dtype([("from_ns", "<i8"), ("until_ns", "<i8"), ("direction", "<u2"), ("bytes", "<i8")])
"""What a link direction that has a rate at some time has carried: `bytes` of whole Ethernet frames, cumulative, as the
kernel counts them where they leave the link, at some time between `from_ns` and `until_ns`. `direction`: its index in
the topology."""


@dataclass(frozen=True, slots=True, eq=False)
class MachineSamples:
    """MACHINE_SAMPLE[n], and CORE_SAMPLE[m] of the same instants."""

    machine: NDArray[np.void]
    cores: NDArray[np.void]


@dataclass(frozen=True, slots=True)
class LinkRow:
    """Counters of one direction of a link. `onto_link`, `off_link`: media frames, as counted at its two ends."""

    source: str
    destination: str
    counters: LinkCounters
    onto_link: int
    off_link: int


@dataclass(frozen=True, slots=True)
class HostRow:
    """Media frames that a cluster's switch received from its host and sent to it, as counted at its port to the host;
    and the growth of the host's UDP counters (RFC 4113) over the run, by their kernel names."""

    cluster: str
    from_host: int
    to_host: int
    udp: dict[str, int]


ProcessKind = Literal["relay", "client", "prober", "peer", "scraper", "tap", "monitor", "wire", "ovs-vswitchd"]


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process of the run. `cluster` is empty for the kinds of which a run has one: monitor, wire, ovs-vswitchd."""

    kind: ProcessKind
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class CounterRow:
    """A counter that a process keeps of itself, under its own name for it; the sum over all its lives."""

    process: ProcessId
    counter: str
    count: int


@dataclass(frozen=True, slots=True)
class SocketRow:
    """Packets dropped at a socket's receive buffer; the sockets of ovs-vswitchd are named after their ports."""

    process: ProcessId
    socket: str
    drops: int


@dataclass(frozen=True, slots=True)
class LatenessRow:
    """Lateness of a thread's timed wake-ups; of the wire's thread `release`: lateness of the frames it released.

    `ended_life`: number of the life, if a planned fault ended it before the media end; else None.
    """

    process: ProcessId
    thread: str
    ended_life: int | None
    lateness: Lateness


@dataclass(frozen=True, slots=True)
class MachineReport:
    """What the processes, the switches and the kernel counted over a run.

    `backlog_drops`: frames of any kind that the kernel dropped from its receive backlog, by the interface they arrived
    at; those of a host under its cluster's name. `lateness`: of timed wake-ups while media flowed, and of released
    frames; there is none of frames where netem emulates the links. `lookups`: of the switches while media flowed.
    `memory_bytes`: sum of the proportional set sizes (PSS) of all processes at the media end, when their records are
    largest. `ended_early`: names of processes that had ended, or did not answer, when they were told to stop.
    """

    format: Literal[2, 3, 4, 5] = field(default=5, kw_only=True)
    """3: `raw/hold-ups.parquet` and `raw/run-delays.parquet` belong to the run; 4: so do `raw/program-*.parquet`, if a
    relay is a program; 5: so does `raw/link-bytes.parquet`, if a link has a rate. Nothing else differs from 2."""
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
        """The value of a process's counter; 0 if the process has none of that name."""
        return sum(row.count for row in self.counters if (row.process, row.counter) == (process, name))

    def sockets_of(self, process: ProcessId) -> Iterator[SocketRow]:
        """The sockets of one process."""
        return (row for row in self.socket_drops if row.process == process)
