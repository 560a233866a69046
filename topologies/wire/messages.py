"""Configuration of the wire process, and the messages between it and the runner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hostio.lateness_compiled import LatenessRows
from topologies.interface_names import wire_port
from topologies.link_backend import LinkCounters
from topologies.link_state import LinkState
from topologies.model import Direction, Topology


@dataclass(frozen=True, slots=True)
class WireDirection:
    """Frames that arrive at interface `entry` leave at interface `exit`, impaired by `state`."""

    direction: Direction
    entry: str
    exit: str
    state: LinkState


@dataclass(frozen=True, slots=True)
class WireConfig:
    """Configuration of a wire process. `tick_ns`: least wait between two rounds; `capacity`: frames it can hold in all.

    `media_ports`: first and last UDP port of media, which have counters of their own, and which loss by number counts;
    (0, 0): none, and it counts every frame. `fates`: where to save the log of media frames, FRAME_FATE[n], as .npy.
    """

    directions: tuple[WireDirection, ...]
    seed: int
    tick_ns: int
    capacity: int = 65_536
    media_ports: tuple[int, int] = (0, 0)
    fates: Path | None = None


@dataclass(frozen=True, slots=True)
class Prepare:
    """Write these states into the bank that does not apply; answered by Prepared."""

    states: Mapping[Direction, LinkState]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The states are written."""


@dataclass(frozen=True, slots=True)
class SwitchBank:
    """Apply the prepared states, all at one instant; answered by BankSwitched."""


@dataclass(frozen=True, slots=True)
class BankSwitched:
    """The change took effect then, CLOCK_MONOTONIC ns."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class Watch:
    """Count how late frames are released that are due from `from_ns` until `until_ns`, CLOCK_MONOTONIC; answered by
    Watched."""

    from_ns: int
    until_ns: int


@dataclass(frozen=True, slots=True)
class Watched:
    """Watch is in effect."""


@dataclass(frozen=True, slots=True)
class ReadCounters:
    """Read all counters; answered by Reading."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Stop carrying frames; answered by Reading once the log of media frames is saved."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Counters of every direction at one instant, and how late frames were released."""

    counters: Mapping[Direction, LinkCounters]
    lateness: LatenessRows


def wire_config(
    topology: Topology,
    states: Mapping[Direction, LinkState],
    seed: int,
    tick_ns: int,
    capacity: int = 65_536,
    media_ports: tuple[int, int] = (0, 0),
    fates: Path | None = None,
) -> WireConfig:
    """A wire for every link of the topology, with `states` at the start."""
    directions = tuple(_wire_direction(topology, direction, states[direction]) for direction in topology.directions)
    return WireConfig(directions, seed, tick_ns, capacity, media_ports, fates)


def _wire_direction(topology: Topology, direction: Direction, state: LinkState) -> WireDirection:
    i, j = topology.ordinals(direction)
    return WireDirection(direction, entry=wire_port(i, j), exit=wire_port(j, i), state=state)
