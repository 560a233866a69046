"""What the processes of relays that are programs used while media flowed, from the monitor's samples. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hostio.timing import MS, S
from relay_app.ports import LANE_PORT, LANES
from results.metrics.analysis import Analysis, Evidence
from results.metrics.matching import Ints
from results.metrics.system_figures import LockWaitRow, ProcessFigures
from results.run_files.events import ProgramEnd
from results.run_files.lock_waits import LockWait
from results.run_files.program_samples import ProgramSamples

_LEAST_SECOND_NS = S // 2
"""Processor time is known to 10 ms: over less than this, its share would be mostly that error."""

_MIB = 1 << 20

Rows = NDArray[np.void]


def process_figures(evidence: Evidence, analysis: Analysis, cluster: str) -> ProcessFigures | None:
    """Of the program of a cluster: from the last sample before the media until the first one after; None without.

    A process that began in between counts from its start; one that ended, until its last sample.
    """
    if evidence.programs is None:
        return None
    ordinal = evidence.plan.topology.cluster(cluster).ordinal
    of_cluster = (evidence.programs.processes, evidence.programs.hosts, evidence.programs.udp_drops)
    processes, hosts, drops = (_in_media(rows[rows["cluster"] == ordinal], analysis) for rows in of_cluster)
    if not len(processes):
        return None
    waits = lock_wait_rows(evidence.programs, cluster)
    cpu = {column: _used(processes, column) for column in ("user_ns", "system_ns")}
    return ProcessFigures(
        cpu_ms=round(sum(cpu.values()) / MS, 3),
        cpu_system_ms=round(cpu["system_ns"] / MS, 3),
        cpu_most_percent=round(_busiest_percent(processes), 1),
        memory_most_mib=round(_most_at_once(processes, "resident_bytes") / _MIB, 1),
        threads_most=_most_at_once(processes, "threads"),
        descriptors_most=int(processes["descriptors"].max()),
        voluntary_switches=_used(processes, "voluntary"),
        involuntary_switches=_used(processes, "involuntary"),
        icmp_unreachable_received=_growth(hosts["received"]),
        icmp_unreachable_sent=_growth(hosts["sent"]),
        lock_wait_most_ms=None if waits is None else max((each.longest_ms for each in waits), default=0.0),
        udp_drops=dict(_udp_drops(drops, analysis.start_ns)),
        exits=sum(1 for end in evidence.of(ProgramEnd) if end.cluster == cluster),
    )


def lock_wait_rows(programs: ProgramSamples | None, cluster: str) -> list[LockWaitRow] | None:
    """What was seen of the locks of a cluster's program; None if nothing can be."""
    seen = programs.lock_waits.get(cluster) if programs else None
    return None if seen is None or seen.refused else [_lock_wait_row(wait) for wait in seen.waits]


def _lock_wait_row(wait: LockWait) -> LockWaitRow:
    total_ms, longest_ms = (round(ns / MS, 3) for ns in (wait.total_ns, wait.longest_ns))
    return LockWaitRow(wait.waiter, wait.holder, wait.call, wait.target, wait.samples, total_ms, longest_ms)


def _in_media(rows: Rows, analysis: Analysis) -> Rows:
    """The rows from the last instant at or before the media start to the first at or after the media end."""
    instants = np.unique(rows["at_ns"])
    first = max(int(np.searchsorted(instants, analysis.start_ns, side="right")) - 1, 0)
    last = int(np.searchsorted(instants, analysis.end_ns))
    chosen = instants[first : last + 1]
    return rows[np.isin(rows["at_ns"], chosen)]


def _used(processes: Rows, column: str) -> int:
    """Growth of a cumulative column, summed over processes; of those not there at the first instant, from 0."""
    if not len(processes):
        return 0
    began_ns = processes["at_ns"].min()
    total = 0
    for process in np.unique(processes["process"]):
        rows = processes[processes["process"] == process]
        total += int(rows[column][-1]) - int(rows[column][0]) * bool(rows["at_ns"][0] == began_ns)
    return total


def _busiest_percent(processes: Rows) -> float:
    """Largest share of one core that the program used from one sample to the next, %."""
    shares = [
        100 * (_used(part, "user_ns") + _used(part, "system_ns")) / (until_ns - from_ns)
        for from_ns, until_ns in _seconds(np.unique(processes["at_ns"]))
        if len(part := processes[(processes["at_ns"] == from_ns) | (processes["at_ns"] == until_ns)])
    ]
    return max(shares, default=0.0)


def _seconds(instants: Ints) -> Iterator[tuple[int, int]]:
    from_ns = int(instants[0])
    for each in instants[1:]:
        if each - from_ns >= _LEAST_SECOND_NS:
            yield from_ns, int(each)
            from_ns = int(each)


def _most_at_once(processes: Rows, column: str) -> int:
    return max(int(processes[column][processes["at_ns"] == at_ns].sum()) for at_ns in np.unique(processes["at_ns"]))


def _growth(counter: Ints) -> int:
    return int(counter[-1] - counter[0]) if len(counter) else 0


def _udp_drops(drops: Rows, start_ns: int) -> Iterator[tuple[str, int]]:
    """Datagrams dropped at each port while media flowed. A port that was bound anew counts from 0 again."""
    for port in np.unique(drops["port"]):
        rows = drops[drops["port"] == port]
        counts = rows["drops"].astype(np.int64)
        grown = np.diff(counts, prepend=counts[0] if rows["at_ns"][0] <= start_ns else 0)
        lane = int(port) - LANE_PORT
        yield f"lane {lane}" if 0 <= lane < LANES else f"port {port}", int(np.where(grown < 0, counts, grown).sum())
