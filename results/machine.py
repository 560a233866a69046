"""Counters of the machinery itself, read at the end of a run: where a packet can go missing without a plan."""

from __future__ import annotations

from dataclasses import dataclass

from topologies.links import LinkCounters


@dataclass(frozen=True, slots=True)
class LinkRow:
    """Counters of one direction of a link."""

    source: str
    destination: str
    counters: LinkCounters


@dataclass(frozen=True, slots=True)
class MachineReport:
    """`socket_drops`: packets lost in receive buffers, by "process: socket". `port_drops`: by "switch port rx|tx".

    `peak_memory_bytes` is the sum over all processes of the run, proportional set size where the kernel tells it.
    """

    socket_drops: dict[str, int]
    port_drops: dict[str, int]
    links: tuple[LinkRow, ...]
    peak_memory_bytes: int
