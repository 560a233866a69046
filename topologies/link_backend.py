"""What a link back end is: it applies states of links, ports among them, and counts what it did to the frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hostio.histogram import Lateness
from hostio.network import is_up, set_interface
from topologies.link_state import LinkState, LossPattern, LostFrames
from topologies.model import Direction


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a link back end can do beyond what all of them do, and what it can tell of what it did.

    Whoever depends on one of these asks for it, and for no back end by its name.
    """

    inner_ends: bool = False
    """It carries frames itself: each link is left open in the middle, and the two inner ends are its own."""
    loses_by_number: bool = False
    """It loses frames by a pattern, or by their numbers."""
    correlates_delays: bool = False
    """It correlates the jitter of a frame with that of the frame before."""
    takes_seed: bool = False
    """A seed decides its random numbers."""
    notes_frames: bool = False
    """It leaves a row of FRAME_FATE for each media frame that it lost, duplicated or corrupted, or holds at the end."""
    counts_media: bool = False
    """It counts media apart from other frames: `LinkCounters.media`."""
    counts_duplicates: bool = False
    """It counts the copies that it makes."""
    counts_corrupted: bool = False
    """It counts the frames in which it flips a bit."""
    tells_lateness: bool = False
    """It measures by how much frames were released after they were due."""


def refusal(name: str, capabilities: Capabilities, state: LinkState) -> str | None:
    """What a back end of that name cannot do of a state, in words; None if it can do all of it."""
    if isinstance(state.loss, LossPattern | LostFrames) and not capabilities.loses_by_number:
        return f"{name} cannot lose packets by number"
    if state.jitter and state.jitter.correlation and not capabilities.correlates_delays:
        return f"{name} does not correlate delays"
    return None


@dataclass(frozen=True, slots=True)
class LinkCounters:
    """Frames of one direction since the start, as the back end itself counted them."""

    received: int = 0
    released: int = 0
    duplicated: int = 0
    """Second copies made."""
    corrupted: int = 0
    """Copies of which a bit was turned over."""
    reordered: int = 0
    """Copies let past the delay."""
    lost_port_down: int = 0
    """Under way, or sent, while a port of the link was down."""
    lost_blackhole: int = 0
    lost_flow: int = 0
    """Of the share of flows that vanish."""
    lost_loss: int = 0
    """Taken by the configured loss model."""
    lost_queue: int = 0
    """Dropped by the drop-tail queue of a configured rate."""
    lost_overflow: int = 0
    """Dropped for want of room in the emulator or its socket: never planned."""
    media: LinkCounters | None = None
    """The same of the frames to media ports alone; None where the back end does not count media apart."""

    @property
    def lost(self) -> int:
        """All frames that will never be released."""
        losses = (self.lost_port_down, self.lost_blackhole, self.lost_flow, self.lost_loss, self.lost_queue)
        return sum(losses) + self.lost_overflow

    @property
    def queued(self) -> int:
        """Frames that it holds."""
        return self.received + self.duplicated - self.released - self.lost


@dataclass(frozen=True, slots=True)
class Applied:
    """When a set of changes took effect, CLOCK_MONOTONIC ns: the first and the last direction, and the read-back."""

    first_ns: int
    last_ns: int
    verified_ns: int


@dataclass(frozen=True, slots=True)
class LinkEnd:
    """What a back end counted up to its end.

    `lateness`: by how much it released frames after they were due, while it was watched; None if nobody knows.
    `onto_link`: media frames that came to each direction, where it tells.
    """

    counters: Mapping[Direction, LinkCounters]
    lateness: Lateness | None
    onto_link: Mapping[Direction, int]


Verify = Callable[[], Applied]
"""Whether every direction is as it was to be; LinkError if it was refused, or one differs."""

Apply = Callable[[], Verify]
"""Changes directions in place, back to back, and is done when they are changed: it is what has to be on time."""


class LinkBackend(Protocol):
    """Emulates every WAN link of a run."""

    capabilities: Capabilities

    def prepare(self, states: Mapping[Direction, LinkState]) -> Apply:
        """Make ready to change these directions; the result does it, once, before anything else is prepared."""

    def counters(self) -> Mapping[Direction, LinkCounters]:
        """Counters of every direction."""

    def watch(self, from_ns: int, until_ns: int) -> None:
        """Count how late frames are released that are due from then until then, CLOCK_MONOTONIC ns, if it can tell."""

    def end(self) -> LinkEnd:
        """Carry nothing any further, if that can be had, or wait until nothing is under way."""

    def close(self) -> None:
        """Stop emulating; idempotent."""


class LinkError(Exception):
    """A link could not be set, or did not read back as it was set."""


FRAME_FATE = np.dtype([("ssrc", "<u4"), ("seq", "<u2"), ("direction", "<u2"), ("what", "u1"), ("at_ns", "<i8")])
"""A frame that was lost, duplicated or corrupted, or is still held at the end; SSRC and 16-bit sequence number as the
frame had them before any corruption, `direction` its number in the topology, `at_ns` CLOCK_MONOTONIC."""

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
)
"""What can become of a frame, in the order of the columns of the wire's counters; `what` is a place in it."""

HELD = len(FATES)
"""As `what`: under way on the link at the end."""


def ports_up(states: Mapping[Direction, LinkState], ends: Mapping[Direction, tuple[str, ...]]) -> dict[str, bool]:
    """Which interfaces are to be up: `ends` of a direction go down with it."""
    return {port: state.up for direction, state in states.items() for port in ends[direction]}


def set_ports(before: Mapping[str, bool], after: Mapping[str, bool], *, up: bool) -> bool:
    """Raise (or lower) the ports that are to be so now and were not before; whether there were any.

    LinkError if one cannot be set or does not read back.
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
