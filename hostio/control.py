"""What a process of a run and its runner say to one another over the control pipe, besides the process's own."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Ready:
    """The process serves. `punctual`: the kernel granted it SCHED_FIFO, or it did not ask."""

    punctual: bool = True


@dataclass(frozen=True, slots=True)
class Stop:
    """Write your records and end."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The records are written. `socket_drops`: what each of the process's sockets lost, by a name for the socket."""

    socket_drops: dict[str, int] = field(default_factory=dict)
