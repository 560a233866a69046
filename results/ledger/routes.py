"""Routes of the ledger: fates of single packets, by SSRC and sequence number, summed by pair of clusters. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from results.ledger.packet_fates import Kind, PacketFates, packet_fates, per_packet
from results.metrics.analysis import Analysis, Evidence
from results.metrics.matching import Flags, Ints
from results.metrics.system_figures import RouteRow
from results.run_files.machine import MachineReport, ProcessKind

CORRUPTED: Kind = "corrupted"
CANARIES = "canaries"
"""Name of the canaries' route."""
REFRESHES = "refreshes"
"""Name of the route of refreshes of permissions, and of checks of consent and their answers."""


@dataclass(frozen=True, slots=True, eq=False)
class Balance:
    """By packet: copies made, delivered and lost; `left`: 1 + made − delivered − lost − under way; negative: a surplus.

    `corrupted`: how many of those left were recorded as corrupted on a link. They are taken from what is left because a
    corrupted packet may still be delivered, or be recorded once more where it was dropped. `found`: the records.
    """

    made: Ints
    delivered: Ints
    lost: Ints
    left: Ints
    corrupted: Ints
    found: Sequence[PacketFates]


def balance_packets(evidence: Evidence, analysis: Analysis) -> Balance:
    """The balance of every packet of the measured streams."""
    found, copies = list(packet_fates(evidence, analysis)), analysis.matched.packets.copies
    made, lost, under_way, corrupted = (
        per_packet(found, kind, len(copies)) for kind in ("duplicated", "lost", "under way", CORRUPTED)
    )
    left = 1 + made
    for gone in (copies, lost, under_way):
        left -= gone
    return Balance(made, copies, lost, left, np.minimum(corrupted, left.clip(0)), found)


def routes(evidence: Evidence, analysis: Analysis, balance: Balance) -> Iterator[RouteRow]:
    """A row per ordered pair of clusters with streams, one of the controller's canaries, and one of refreshes of
    permissions."""
    packets, streams = analysis.matched.packets, analysis.matched.streams
    pairs = list(dict.fromkeys((stream.source, stream.destination) for stream in streams))
    pair_of = np.array([pairs.index((stream.source, stream.destination)) for stream in streams], np.int64)
    pair = pair_of[packets.stream]
    for number, (source, destination) in enumerate(pairs):
        yield _route(f"{source}→{destination}", pair == number, balance)
    if evidence.plan.controller.canaries and evidence.machine:
        counts = [(each.kind, each.cause, each.canaries) for each in balance.found]
        yield _by_number(CANARIES, evidence.machine, "prober", counts)
    if (evidence.plan.permits or evidence.plan.consents) and evidence.machine:
        counts = [(each.kind, each.cause, each.refreshes) for each in balance.found]
        yield _by_number(REFRESHES, evidence.machine, "client", counts)


def _route(name: str, mine: Flags, balance: Balance) -> RouteRow:
    left, corrupted, found = balance.left[mine], balance.corrupted, balance.found
    lost = _counted(found, "lost", mine)
    for each in (each for each in found if each.kind == CORRUPTED):
        lost[each.cause] = int(np.count_nonzero(corrupted[each.packets] * mine[each.packets]))
    return RouteRow(
        name=name,
        sent=int(np.count_nonzero(mine)),
        duplicated=int(balance.made[mine].sum()),
        delivered=int(balance.delivered[mine].sum()),
        lost={cause: packets for cause, packets in lost.items() if packets},
        under_way=_counted(found, "under way", mine),
        untold=int((left - corrupted[mine]).clip(0).sum()),
        surplus=int((-left).clip(0).sum()),
    )


def _counted(found: Sequence[PacketFates], kind: Kind, mine: Flags) -> dict[str, int]:
    counts = {each.cause: int(np.count_nonzero(mine[each.packets])) for each in found if each.kind == kind}
    return {cause: packets for cause, packets in counts.items() if packets}


def _by_number(
    name: str, machine: MachineReport, process: ProcessKind, counts: Sequence[tuple[Kind, str, int]]
) -> RouteRow:
    """Packets that such processes send and receive, by number only: they are no streams of the plan, so that single
    ones are not matched. `counts`: of the records of each kind and cause."""
    sent, delivered = (_of_all(machine, process, f"{verb}_{name}") for verb in ("sent", "arrived"))
    by_kind = {
        kind: {cause: count for each, cause, count in counts if each == kind and count}
        for kind in ("lost", "under way", "duplicated", CORRUPTED)
    }
    lost, under_way, made = by_kind["lost"], by_kind["under way"], sum(by_kind["duplicated"].values())
    left = sent + made - delivered - sum(lost.values()) - sum(under_way.values())
    corrupted = min(max(left, 0), sum(by_kind[CORRUPTED].values()))
    return RouteRow(
        name=name,
        sent=sent,
        duplicated=made,
        delivered=delivered,
        lost={**lost, **({"links: corrupted": corrupted} if corrupted else {})},
        under_way=under_way,
        untold=max(left - corrupted, 0),
        surplus=max(-left, 0),
    )


def _of_all(machine: MachineReport, process: ProcessKind, counter: str) -> int:
    return sum(row.count for row in machine.counters if row.process.kind == process and row.counter == counter)
