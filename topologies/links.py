"""One vocabulary of link impairment for both back ends: what a link direction does to a frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from hostio.units import MS
from topologies.model import Direction


@dataclass(frozen=True, slots=True)
class LinkState:
    """The whole impairment of one direction; the default is a perfect, instant link.

    `up` False is port-down, an event that the switch sees; `loss` 1.0 is a silent blackhole, which it does not.
    `jitter_ns` spreads the delay uniformly over delay ± jitter, as tc-netem does without a distribution; packets
    may then overtake one another. `rate_bps` serialises frames (bits of the Ethernet frame per second) behind a
    drop-tail queue that holds `queue_ns` of traffic.
    """

    up: bool = True
    delay_ns: int = 0
    jitter_ns: int = 0
    loss: float = 0.0
    rate_bps: int | None = None
    queue_ns: int = 100 * MS


@dataclass(frozen=True, slots=True)
class LinkCounters:
    """Frames of one direction since the start, as the back end itself counted them."""

    received: int
    released: int
    lost_loss: int
    """Dropped by configured random loss or blackhole."""
    lost_queue: int
    """Dropped by the drop-tail queue of a configured rate."""
    lost_overflow: int
    """Dropped for want of room in the emulator or its socket: never planned."""


@dataclass(frozen=True, slots=True)
class Applied:
    """When a set of changes took effect, CLOCK_MONOTONIC ns: the first and the last direction, and the read-back."""

    first_ns: int
    last_ns: int
    verified_ns: int


class LinkBackend(Protocol):
    """Emulates every WAN link of a run."""

    name: str

    def apply(self, states: Mapping[Direction, LinkState]) -> Applied:
        """Change these directions in place, back to back, and read them back; raises LinkError if one differs."""

    def counters(self) -> Mapping[Direction, LinkCounters]:
        """Counters of every direction."""

    def lateness_p99_ns(self) -> int | None:
        """99th percentile of the time by which frames were released after they were due; None if nobody knows."""

    def close(self) -> None:
        """Stop emulating; idempotent."""


class LinkError(Exception):
    """A link could not be set, or did not read back as it was set."""


@dataclass(frozen=True, slots=True)
class LinkChange:
    """What a fault does to a direction while it lasts; None leaves that part of the state alone."""

    up: bool | None = None
    extra_delay_ns: int = 0
    jitter_ns: int | None = None
    loss: float | None = None
    rate_bps: int | None = None
    queue_ns: int | None = None

    def applied_to(self, state: LinkState) -> LinkState:
        """The state under this fault; faults compose by folding."""
        return LinkState(
            up=state.up if self.up is None else self.up,
            delay_ns=state.delay_ns + self.extra_delay_ns,
            jitter_ns=state.jitter_ns if self.jitter_ns is None else self.jitter_ns,
            loss=state.loss if self.loss is None else self.loss,
            rate_bps=state.rate_bps if self.rate_bps is None else self.rate_bps,
            queue_ns=state.queue_ns if self.queue_ns is None else self.queue_ns,
        )
