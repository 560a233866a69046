"""Counters of the machinery itself, read at the end of a run: where a packet can go missing without a plan."""

from __future__ import annotations

from dataclasses import dataclass

from topologies.links import LinkCounters


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


@dataclass(frozen=True, slots=True)
class MachineReport:
    """`counters`: what the processes counted about themselves, by "process: counter". `socket_drops`: packets lost
    in receive buffers, by "process: socket". `port_drops`: by "switch port rx|tx".

    `link_lateness_p99_ms`: by how much the link emulator released frames after they were due; None where it is the
    kernel, which does not tell. `cpu_stolen_percent`: processor time that the machine's own host kept for others
    while media flowed. `memory_bytes`: proportional set size of all processes together, at the media end,
    when their records are largest. `ended_early`: processes that were gone, or silent, when they were to stop.
    """

    counters: dict[str, int]
    socket_drops: dict[str, int]
    port_drops: dict[str, int]
    links: tuple[LinkRow, ...]
    hosts: tuple[HostRow, ...]
    link_lateness_p99_ms: float | None
    cpu_stolen_percent: float
    memory_bytes: int
    ended_early: tuple[str, ...]
