"""Fidelity checks of losses that no fault of the plan accounts for."""

from __future__ import annotations

from collections.abc import Iterator

from relay_app.locks.report import PACKET_PATH
from results.fidelity.checks import FidelityCheck, count
from results.ledger.reconcile import Ledger
from results.ledger.station import corrupts_uncounted, overflow, port_goes_down
from results.metrics.analysis import Evidence
from results.metrics.relay_figures import lane_drops
from results.run_files.hold_ups import RunDelayPlace
from results.run_files.machine import LinkRow, MachineReport, ProcessId
from results.run_files.plan import Plan
from topologies.interface_names import switch_port, wire_port
from topologies.model import Direction, Topology

_ERRORS = (
    *("refused", "malformed", "unsent", "unreported", "foreign", "unsent_canaries", "foreign_canaries"),
    *("unsent_refreshes", "foreign_refreshes"),
)
"""Counters of errors of clients and probers."""


def loss_checks(evidence: Evidence) -> Iterator[FidelityCheck]:
    """Checks of drops in sockets, switches, receive backlogs and links, and of errors of clients and probers."""
    yield from _losses_on_arrival(evidence, evidence.machine)
    yield from _losses_of_senders_and_links(evidence.plan, evidence.machine)


def _losses_on_arrival(evidence: Evidence, machine: MachineReport | None) -> Iterator[FidelityCheck]:
    plan, limits = evidence.plan, evidence.plan.fidelity
    yield count(
        "socket-drops",
        "packets dropped by sockets",
        _socket_drops(evidence, machine) if machine else None,
        limits.socket_drops,
    )
    yield count(
        "port-drops",
        "packets dropped by switch ports",
        _port_drops(plan, machine) if machine else None,
        limits.port_drops,
    )
    yield count(
        "lost-upcalls",
        "packets lost on their way to a switch's daemon",
        machine.lookups.lost if machine else None,
        limits.lost_upcalls,
    )
    yield count(
        "softnet-drops",
        "packets that found the kernel's receive backlog full",
        _backlog_drops(plan, machine) if machine else None,
        limits.softnet_drops,
    )


def _losses_of_senders_and_links(plan: Plan, machine: MachineReport | None) -> Iterator[FidelityCheck]:
    links = machine.links if machine else ()
    yield count(
        "client-errors",
        "packets that a client or prober could not send or read",
        _errors(plan, machine) if machine else None,
    )
    yield count(
        "emulator-drops",
        "packets for which the link emulator had no room",
        sum(row.counters.lost_overflow for row in links) if machine else None,
        plan.fidelity.emulator_drops,
    )
    yield count(
        "queue-drops",
        "packets dropped by queues of links without a rate",
        sum(row.counters.lost_queue for row in links if not _has_rate(plan, row)) if machine else None,
    )


def ledger_check(ledger: Ledger) -> FidelityCheck:
    """Check that the ledger explains every packet."""
    return count("ledger-unexplained", "packets that the ledger does not explain", ledger.unexplained)


def _socket_drops(evidence: Evidence, machine: MachineReport) -> int:
    """Drops at receive buffers, less those of relays whose packet path stalled, by their watchdog or by a fault, and of
    programs that had the processor: these belong to what the run measures."""
    stuck = {name for name, locks in evidence.locks.items() if any(each.what == PACKET_PATH for each in locks.stalls)}
    stuck |= evidence.plan.faulted_relays | _programs_that_ran(evidence)
    return overflow(machine) - sum(lane_drops(machine, cluster) for cluster in stuck)


def _programs_that_ran(evidence: Evidence) -> frozenset[str]:
    """The clusters of relays that are programs, of which nothing was held up for as long as a check of it allows."""
    plan, found = evidence.plan, evidence.hold_ups
    if found is None:
        return frozenset()
    waits = found.waits[found.waits["place"] == RunDelayPlace.RELAY]
    held_up = set(waits["number"][waits["delay_ns"] > plan.fidelity.lateness_max_ns].tolist())
    programs = (each for each in plan.topology.clusters if plan.program_of(each.name))
    return frozenset(each.name for each in programs if each.ordinal not in held_up)


def _port_drops(plan: Plan, machine: MachineReport) -> int:
    """Drops of switch ports, less the frames corrupted by plan, because a switch drops frames that it cannot parse.

    0 if corrupted frames are not counted: then every drop may be one of them.
    """
    corrupted = sum(row.counters.corrupted for row in machine.links)
    dropped = sum(row.drops for row in machine.port_drops)
    return 0 if corrupts_uncounted(plan) else max(0, dropped - corrupted)


def _backlog_drops(plan: Plan, machine: MachineReport) -> int:
    """Drops from receive backlogs, less those at ports planned to go down, where the kernel counts refused frames."""
    cut = [direction for direction in plan.topology.directions if port_goes_down(plan, direction)]
    down = {port for direction in cut for port in _ends(plan.topology, direction)}
    return sum(drops for interface, drops in machine.backlog_drops.items() if interface not in down)


def _ends(topology: Topology, direction: Direction) -> tuple[str, ...]:
    i, j = topology.ordinals(direction)
    return switch_port(i, j), switch_port(j, i), wire_port(i, j), wire_port(j, i)


def _errors(plan: Plan, machine: MachineReport) -> int:
    """Errors of clients and probers. What a relay that is a program sends to clients is no error of theirs."""
    of_programs = {
        (ProcessId("client", each.name), "malformed")
        for each in plan.topology.clusters
        if plan.relay_programs(each.name)
    }
    sources = (row for row in machine.counters if row.process.kind in ("client", "prober"))
    return sum(row.count for row in sources if row.counter in _ERRORS and (row.process, row.counter) not in of_programs)


def _has_rate(plan: Plan, row: LinkRow) -> bool:
    direction = Direction(row.source, row.destination)
    if plan.topology.one_ways[direction].rate_bps is not None:
        return True
    return any(change.rate_bps is not None for change in plan.changes_to(direction))
