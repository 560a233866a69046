"""Was the testbed itself faithful? Checks that a run must pass before its media are judged. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from relay_app.locks.report import PACKET_PATH
from results.analysis import Analysis, Evidence
from results.events import FaultEdge
from results.machine import LinkRow, MachineReport
from results.metrics import quantile, slices, unmatched
from results.plan import Plan, is_wired
from results.probe_delay import probe_excess
from results.relay_figures import lane_drops
from results.socket_drops import overflow
from results.summary import Check
from topologies.model import Direction

MANY_FAULTS = 100
"""Edges of faults from which a 99th percentile says more than the largest."""

STOLEN = "processor time stolen"
"""Not the load's doing: other work on the host."""


@dataclass(frozen=True, slots=True)
class FidelityLimits:
    """The largest values at which a run is still believed.

    Pacing: a voice packet every 20 ms that leaves up to half an interval late is still in its own slot; a single
    stall of five intervals would look like an interruption that no fault caused. Fault error: half a packet
    interval, so that the first packet hit by a fault is the planned one or its neighbour. Link lateness: what may be
    added to the emulated delay of the links on a relayed path and still leave its latency true to a few ms. Delay:
    what links and switches together may add, as probes see it that pass no relay; beyond half a packet interval the
    machine, not the scenario, makes the latency. Stolen time: where a virtual machine's host kept more for others,
    latencies left these bounds. All counts of things that must not happen have the limit 0.
    """

    pacing_p99_ms: float = 10.0
    pacing_max_ms: float = 100.0
    fault_error_ms: float = 10.0
    fault_error_p99_ms: float = 5.0
    link_lateness_p99_ms: float = 2.0
    stolen_percent: float = 5.0
    delay_p50_ms: float = 1.0
    delay_p99_ms: float = 10.0


def fidelity(evidence: Evidence, analysis: Analysis, limits: FidelityLimits) -> list[Check]:
    """Every check, in a fixed order."""
    return [
        *_media_checks(evidence, analysis, limits),
        *_delay_checks(evidence, analysis, limits),
        *_machine_checks(evidence, limits),
        *_fault_checks(evidence, analysis, limits),
    ]


def _media_checks(evidence: Evidence, analysis: Analysis, limits: FidelityLimits) -> Iterator[Check]:
    packets = analysis.matched.packets
    late = np.abs(packets.sent_ns - packets.due_ns) / 1e6
    yield _check("99th percentile of media pacing error", quantile(late, 0.99), limits.pacing_p99_ms, "ms")
    yield _check("largest media pacing error", quantile(late, 1.0), limits.pacing_max_ms, "ms")
    yield _count(
        "packets received that nobody sent", unmatched(analysis.matched) if evidence.recording.streams else None
    )
    silent = len(analysis.matched.streams) - len(slices(packets.stream))
    unrecorded = len(analysis.matched.unrecorded) + silent
    planned = 2 * sum(group.count for group in evidence.plan.sessions)
    missing = planned - len(analysis.matched.streams) - len(analysis.matched.unrecorded)
    yield _count("directions without records", unrecorded + max(missing, 0))


def _delay_checks(evidence: Evidence, analysis: Analysis, limits: FidelityLimits) -> Iterator[Check]:
    excess_ms = probe_excess(evidence, analysis.start_ns, analysis.end_ns) / 1e6
    yield _check("median delay of probes beyond the emulated one", quantile(excess_ms, 0.5), limits.delay_p50_ms, "ms")
    yield _check("99th percentile of that delay", quantile(excess_ms, 0.99), limits.delay_p99_ms, "ms")


def _machine_checks(evidence: Evidence, limits: FidelityLimits) -> Iterator[Check]:
    plan, machine = evidence.plan, evidence.machine
    links = machine.links if machine else ()
    if machine and machine.link_lateness_p99_ms is not None:
        yield _check(
            "99th percentile of link lateness", machine.link_lateness_p99_ms, limits.link_lateness_p99_ms, "ms"
        )
    yield _count("packets dropped by sockets", _socket_drops(evidence, machine) if machine else None)
    yield _count("packets dropped by switch ports", _port_drops(plan, machine) if machine else None)
    yield _check(STOLEN, machine.cpu_stolen_percent if machine else None, limits.stolen_percent, "%")
    mishaps = sum(machine.counters.get(name, 0) for name in _mishaps(machine)) if machine else None
    yield _count("packets that a client or prober could not send or read", mishaps)
    overflow = sum(row.counters.lost_overflow for row in links)
    yield _count("packets for which the link emulator had no room", overflow if machine else None)
    queued = sum(row.counters.lost_queue for row in links if not _has_rate(plan, row))
    yield _count("packets dropped by queues of links without a rate", queued if machine else None)


def _socket_drops(evidence: Evidence, machine: MachineReport) -> int:
    """Without those of relays whose packet path stood still, as their watchdogs saw: these are the relay's doing."""
    stuck = [name for name, locks in evidence.locks.items() if any(each.what == PACKET_PATH for each in locks.stalls)]
    return overflow(machine) - sum(lane_drops(machine, cluster) for cluster in stuck)


def _port_drops(plan: Plan, machine: MachineReport) -> int:
    """Without those of frames that were corrupted by plan: a switch drops what it cannot read. netem does not count
    what it corrupts."""
    corrupted = sum(row.counters.corrupted for row in machine.links)
    planned = any(fault.change.corrupt for fault in plan.faults)
    dropped = sum(machine.port_drops.values())
    return max(0, dropped - corrupted) if is_wired(plan) or not planned else 0


def _mishaps(machine: MachineReport) -> list[str]:
    """Counters of clients and probers that are 0 in a run without trouble."""
    endings = tuple(
        f": {counter}"
        for counter in (
            "refused",
            "malformed",
            "unsent",
            "unreported",
            "foreign",
            "unsent_canaries",
            "foreign_canaries",
        )
    )
    return [name for name in machine.counters if name.startswith(("client-", "prober-")) and name.endswith(endings)]


def _has_rate(plan: Plan, row: LinkRow) -> bool:
    direction = Direction(row.source, row.destination)
    return any(direction in fault.directions and fault.change.rate_bps is not None for fault in plan.faults)


def _fault_checks(evidence: Evidence, analysis: Analysis, limits: FidelityLimits) -> Iterator[Check]:
    planned = _planned_edges(evidence, analysis)
    happened = _happened_edges(evidence)
    pairs = [pair for key, times in planned.items() for pair in zip(times, happened.get(key, []), strict=False)]
    yield _count("fault edges that did not happen", sum(map(len, planned.values())) - len(pairs))
    errors = [_error_ms(edge, planned_ns) for planned_ns, edge in pairs]
    yield _check("largest error of a fault's time", max(errors, default=0.0), limits.fault_error_ms, "ms")
    if len(errors) >= MANY_FAULTS:
        p99 = quantile(np.array(errors), 0.99)
        yield _check("99th percentile of that error", p99, limits.fault_error_p99_ms, "ms")
    yield _count("fault edges not read back", sum(edge.verified_ns < edge.applied_last_ns for _, edge in pairs))


def _planned_edges(evidence: Evidence, analysis: Analysis) -> dict[tuple[int, str], list[int]]:
    """When the edges of each kind of each fault were to happen; after the media end, which an interrupt moves, none."""
    planned: dict[tuple[int, str], list[int]] = defaultdict(list)
    for number, fault in enumerate(evidence.plan.faults):
        levels = (("level", level.at_ns) for level in fault.levels if level.at_ns > fault.at_ns)
        for edge, at_ns in (("start", fault.at_ns), *levels, ("end", fault.until_ns)):
            if analysis.start_ns + at_ns < analysis.end_ns:
                planned[number, edge].append(analysis.start_ns + at_ns)
    return planned


def _happened_edges(evidence: Evidence) -> dict[tuple[int, str], list[FaultEdge]]:
    happened: dict[tuple[int, str], list[FaultEdge]] = defaultdict(list)
    for edge in evidence.of(FaultEdge):
        happened[edge.fault, edge.edge].append(edge)
    return happened


def _error_ms(edge: FaultEdge, planned_ns: int) -> float:
    return max(abs(edge.applied_first_ns - planned_ns), abs(edge.applied_last_ns - planned_ns)) / 1e6


def _count(check: str, value: int | None) -> Check:
    return _check(check, value, 0.0, "")


def _check(check: str, value: float | None, limit: float, unit: str) -> Check:
    rounded = None if value is None else round(float(value), 3)
    return Check(check, rounded, limit, unit, ok=value is not None and value <= limit)
