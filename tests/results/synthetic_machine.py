"""What a machine of known doings records."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from synthetic_media import EAST, START, TRIANGLE

from hostio.histogram import lateness_of
from hostio.lateness import Lateness
from hostio.lateness_compiled import count_late, empty_lateness, watch
from hostio.timing import MS, US, S
from relay_app.records import PROBE
from results.run_files.hold_ups import HOLD_UP, RUN_DELAY, HoldUpPlace, HoldUps, RunDelayPlace
from results.run_files.machine import (
    CORE_SAMPLE,
    MACHINE_SAMPLE,
    CounterRow,
    LatenessRow,
    LinkRow,
    MachineReport,
    ProcessId,
    ProcessKind,
    SocketRow,
)
from results.run_files.records import Rows
from topologies.link_backend import LinkCounters
from topologies.openvswitch import DatapathStats, PortDrops

NO_COUNTERS = LinkCounters()


def machine(counters: LinkCounters = NO_COUNTERS) -> MachineReport:
    links = tuple(LinkRow(*direction, counters, 0, 0) for direction in TRIANGLE.directions)
    return MachineReport(
        counters=(
            CounterRow(ProcessId("client", EAST), "refused", 0),
            CounterRow(ProcessId("monitor"), "run_delay_samples", 14),
        ),
        socket_drops=(SocketRow(ProcessId("relay", EAST), "lane 0", 0),),
        port_drops=(PortDrops("s1", "s1-w3", "rx", 0),),
        backlog_drops={"s1-lan": 0},
        links=links,
        hosts=(),
        lateness=tuple(lateness_row(process, thread) for process, thread in timed_threads()),
        lookups=DatapathStats(1000, 20, 0),
        memory_bytes=300_000_000,
        ended_early=(),
    )


def timed_threads() -> Iterator[tuple[ProcessId, str]]:
    """Every thread that keeps time, where the userspace wire emulates the links."""
    kinds: tuple[tuple[ProcessKind, str], ...] = (
        ("relay", "forward"),
        ("prober", "probe"),
        ("client", "send"),
        ("client", "receive"),
    )
    for kind, thread in kinds:
        yield from ((ProcessId(kind, cluster.name), thread) for cluster in TRIANGLE.clusters)
    yield ProcessId("wire"), "release"


def lateness_row(process: ProcessId, thread: str, *late_ms: float) -> LatenessRow:
    """A thread of a process that was punctual but for these wake-ups."""
    return LatenessRow(process, thread, None, punctual(*late_ms))


def punctual(*late_ms: float) -> Lateness:
    """A hundred wake-ups that were 50 µs late, and these."""
    lateness = empty_lateness()
    watch(lateness, 0, 1)
    for late_ns in (*[50 * US] * 100, *(round(each * MS) for each in late_ms)):
        count_late(lateness, 0, late_ns)
    return lateness_of(lateness)


SECONDS = 13
"""How long the machine is sampled: a second longer than the media."""


def machine_samples(own: float = 0.3) -> Rows:
    """Once a second, of which the run's processes use so much."""
    rows = np.zeros(SECONDS + 1, MACHINE_SAMPLE)
    rows["at_ns"] = START + S * np.arange(SECONDS + 1)
    rows["clock_offset_ns"] = 5 * S
    rows["own_ns"] = own * (rows["at_ns"] - START)
    return rows


def core_samples(cores: int = 2) -> Rows:
    """Each core with a fifth of its time in processes, and a twentieth in interrupts."""
    rows = np.zeros(cores * (SECONDS + 1), CORE_SAMPLE)
    rows["core"] = np.tile(np.arange(cores), SECONDS + 1)
    passed = S * np.repeat(np.arange(SECONDS + 1), cores)
    rows["at_ns"] = START + passed
    for column, share in (("busy_ns", 0.2), ("interrupt_ns", 0.05), ("idle_ns", 0.75)):
        rows[column] = share * passed
    rows["softnet_processed"] = passed // MS
    return rows


def hold_ups() -> HoldUps:
    """The relay of us-west and core 1 for 40 ms from 2 s on; the directory waited for 300 ms in that second."""
    from_ns, until_ns = START + 2 * S, START + 2 * S + 40 * MS
    late = [(HoldUpPlace.RELAY, 3, from_ns, until_ns), (HoldUpPlace.CORE, 1, from_ns - MS, until_ns)]
    waits = [(RunDelayPlace.DIRECTORY, 2, from_ns, from_ns + S, 300 * MS)]
    return HoldUps(np.array(late, HOLD_UP), np.array(waits, RUN_DELAY))


def probes(destination: str, excess_ns: int = 400_000) -> Rows:
    """What a cluster's prober receives of probes every 50 ms for 12 s, each so much later than emulated."""
    parts = []
    for direction in TRIANGLE.directions:
        rows = np.zeros(240 if direction.destination == destination else 0, PROBE)
        rows["source"] = TRIANGLE.cluster(direction.source).ordinal
        rows["sequence"] = np.arange(len(rows))
        rows["sent_ns"] = START + 50 * MS * np.arange(len(rows), dtype=np.int64)
        rows["received_ns"] = rows["sent_ns"] + TRIANGLE.one_way_ns(*direction) + excess_ns
        parts.append(rows)
    return np.concatenate(parts)
