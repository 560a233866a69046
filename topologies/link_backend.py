"""The protocol of link back ends, which apply link states and count frames; ports up and down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hostio.lateness import Lateness, Spans
from hostio.network import is_up, set_interface
from topologies.capabilities import Capabilities
from topologies.link_state import LinkState
from topologies.model import Direction


@dataclass(frozen=True, slots=True)
class LinkCounters:
    """Frames of one direction since the start, as counted by the back end.

    Every frame received or duplicated is released, lost, or queued.
    """

    received: int = 0
    released: int = 0
    duplicated: int = 0
    """Second copies made."""
    corrupted: int = 0
    """Copies in which one bit was flipped."""
    reordered: int = 0
    """Copies released without the link's delay."""
    lost_port_down: int = 0
    """On the link, or sent onto it, while a port of the link was down."""
    lost_blackhole: int = 0
    lost_flow: int = 0
    """Lost as part of the share of flows that vanish."""
    lost_loss: int = 0
    """Lost by the configured loss model."""
    lost_queue: int = 0
    """Dropped by the drop-tail queue of a configured rate."""
    lost_overflow: int = 0
    """Dropped because a buffer of the emulator or its socket was full: an error of the testbed, never planned."""
    lost_mtu: int = 0
    """Longer than the link's MTU."""
    media: LinkCounters | None = None
    """The same counters of frames to media ports only; None if the back end does not count them apart."""

    @property
    def lost(self) -> int:
        """All frames lost, for whatever reason."""
        losses = (self.lost_port_down, self.lost_blackhole, self.lost_mtu, self.lost_flow, self.lost_loss)
        return sum(losses) + self.lost_queue + self.lost_overflow

    @property
    def queued(self) -> int:
        """Frames on the link now."""
        return self.received + self.duplicated - self.released - self.lost


@dataclass(frozen=True, slots=True)
class Applied:
    """When a set of changes took effect, CLOCK_MONOTONIC ns: in the first and in the last direction; when it was
    verified."""

    first_ns: int
    last_ns: int
    verified_ns: int


@dataclass(frozen=True, slots=True)
class LinkEnd:
    """What a back end counted up to its end.

    `lateness`: by how much it released frames after they were due, within the watched time; None if it is unknown.
    `onto_link`: media frames received in each direction; empty if the back end does not count them. `hold_ups`: when
    it released frames late by HOLD_UP_NS or more.
    """

    counters: Mapping[Direction, LinkCounters]
    lateness: Lateness | None
    onto_link: Mapping[Direction, int]
    hold_ups: Spans = ()


Verify = Callable[[], Applied]
"""Reads the states back and returns when they took effect; LinkError if a change was refused, or a state differs."""

Apply = Callable[[], Verify]
"""Changes the prepared directions, one right after the other, and returns when that is done. It does nothing else,
because its lateness is the fault's error in time."""


class LinkBackend(Protocol):
    """Emulates every WAN link of a run."""

    capabilities: Capabilities

    def prepare(self, states: Mapping[Direction, LinkState]) -> Apply:
        """Prepare a change of these directions; LinkError. The result is to be called once, before the next `prepare`.

        Everything that can be done before a fault's time is done here.
        """

    def counters(self) -> Mapping[Direction, LinkCounters]:
        """Counters of every direction."""

    def watch(self, from_ns: int, until_ns: int) -> None:
        """Measure the lateness of frames that are due from `from_ns` until `until_ns`, CLOCK_MONOTONIC, if it can."""

    def end(self) -> LinkEnd:
        """Stop carrying frames or, if it cannot, wait until no frame is on a link; returns the final counts."""

    def close(self) -> None:
        """Stop emulating; idempotent."""


class LinkError(Exception):
    """A link could not be set, or its state read back differs from what was set."""


FRAME_FATE = np.dtype([("ssrc", "<u4"), ("seq", "<u2"), ("direction", "<u2"), ("what", "u1"), ("at_ns", "<i8")])
"""A media frame that was lost, duplicated or corrupted, or is on the link at the end. SSRC and 16-bit sequence number
are those before corruption; `direction` is its index in the topology, `what` an index in FATES; `at_ns` is of
CLOCK_MONOTONIC."""

FATES = (
    "received",
    "released",
    "duplicated",
    "corrupted",
    "reordered",
    "lost_port_down",
    "lost_blackhole",
    "lost_flow",
    "lost_loss",
    "lost_queue",
    "lost_overflow",
    "held",
    "lost_mtu",
)
"""What can happen to a frame. Records of frames have the index, so that new fates come last."""

HELD = FATES.index("held")
"""The `what` of a frame that is on the link at the end; no counter has it."""


def ports_up(states: Mapping[Direction, LinkState], ends: Mapping[Direction, tuple[str, ...]]) -> dict[str, bool]:
    """Which interfaces are to be up. `ends`: interfaces that go down with each direction."""
    return {port: state.up for direction, state in states.items() for port in ends[direction]}


def set_ports(before: Mapping[str, bool], after: Mapping[str, bool], *, up: bool) -> bool:
    """Set those interfaces up (or down) that are to be so in `after` and were not in `before`; whether there were any.

    LinkError if one cannot be set, or reads back otherwise.
    """
    changed = [port for port in after if after[port] is up and before[port] is not up]
    for port in changed:
        _set_port(port, up=up)
    return bool(changed)


def _set_port(port: str, *, up: bool) -> None:
    wanted = "up" if up else "down"
    try:
        set_interface(port, up=up)
        done = is_up(port) is up
    except OSError as error:
        raise LinkError(f"port {port} could not be set {wanted}: {error.strerror}") from error
    if not done:
        raise LinkError(f"port {port} was set {wanted} and is not")
