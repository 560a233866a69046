"""Reads `machine.json` in formats 2 to 5, and in the first, which keyed rows by text and had no `format` key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from hostio.lateness import Lateness
from results.run_files import documents
from results.run_files.machine import (
    CounterRow,
    HostRow,
    LatenessRow,
    LinkRow,
    MachineReport,
    ProcessId,
    ProcessKind,
    SocketRow,
)
from topologies.openvswitch import DatapathStats, PortDrops, PortSide

SWITCH_DAEMON: ProcessKind = "ovs-vswitchd"


def read_machine_report(path: Path) -> MachineReport:
    """Parse a `machine.json` of any format. Raises DocumentError."""
    if documents.read(_Format, path).format == 1:
        report = present_format(documents.read(FirstFormat, path))
        # Through the strict reader, which rejects unknown kinds and sides.
        return documents.load(MachineReport, documents.dump(report), path.name)
    return documents.read(MachineReport, path)


@dataclass(frozen=True, slots=True)
class _Format:
    format: Literal[1, 2, 3, 4, 5] = 1


@dataclass(frozen=True, slots=True)
class FirstFormat:
    """The first format of MachineReport. Keys of `counters`, `socket_drops` and `lateness`: "kind-cluster: name", where
    the name of a thread may end with " in life N"; keys of `port_drops`: "switch port rx|tx"."""

    counters: dict[str, int]
    socket_drops: dict[str, int]
    port_drops: dict[str, int]
    backlog_drops: dict[str, int]
    links: tuple[LinkRow, ...]
    hosts: tuple[HostRow, ...]
    lateness: dict[str, Lateness]
    lookups: DatapathStats
    memory_bytes: int
    ended_early: tuple[str, ...]


def present_format(first: FirstFormat) -> MachineReport:
    """The same report with typed rows. Kinds and sides are copied from the text, unchecked."""
    return MachineReport(
        format=2,
        counters=tuple(CounterRow(*_process_and_name(key), count) for key, count in first.counters.items()),
        socket_drops=tuple(SocketRow(*_process_and_name(key), drops) for key, drops in first.socket_drops.items()),
        port_drops=tuple(_port_row(key, drops) for key, drops in first.port_drops.items()),
        backlog_drops=first.backlog_drops,
        links=first.links,
        hosts=first.hosts,
        lateness=tuple(_lateness_row(key, lateness) for key, lateness in first.lateness.items()),
        lookups=first.lookups,
        memory_bytes=first.memory_bytes,
        ended_early=first.ended_early,
    )


def _process_and_name(key: str) -> tuple[ProcessId, str]:
    process, _, name = key.partition(": ")
    if process == SWITCH_DAEMON:
        return ProcessId(SWITCH_DAEMON), name
    kind, _, cluster = process.partition("-")
    return ProcessId(cast(ProcessKind, kind), cluster), name


def _lateness_row(key: str, lateness: Lateness) -> LatenessRow:
    process, name = _process_and_name(key)
    thread, _, life = name.partition(" in life ")
    return LatenessRow(process, thread, int(life) if life.isdecimal() else None, lateness)


def _port_row(key: str, drops: int) -> PortDrops:
    switch, _, port_and_side = key.partition(" ")
    port, _, side = port_and_side.partition(" ")
    return PortDrops(switch, port, cast(PortSide, side), drops)
