"""What the controller saw and did, as records: one JSON object per line in the run directory.

All times are CLOCK_MONOTONIC ns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from controller.health import MonitoredPath, ObservedRelay
from controller.settings import Detector
from topologies.model import Direction

FoundBy: TypeAlias = Detector | Literal["damping"]
"""What found a path to have changed."""


@dataclass(frozen=True, slots=True)
class HealthChange:
    """One direction of a link changed its health or, as the cluster `source` finds it, the relay at `destination`.

    `detector` damping: a clean direction of a link is not used, or is used again, because it flapped. `of_relay`: None
    where the detector says it, as canaries watch relays alone, and probes links.
    """

    source: str
    destination: str
    before: str
    after: str
    at_ns: int
    reason: str
    detector: FoundBy = "link"
    of_relay: bool | None = None
    kind: Literal["health"] = "health"

    @property
    def path(self) -> MonitoredPath:
        """What changed its health."""
        of_relay = self.detector == "relay-canary" if self.of_relay is None else self.of_relay
        return (ObservedRelay if of_relay else Direction)(self.source, self.destination)

    @property
    def subject(self) -> str:
        """The path, as a sentence on it begins."""
        return f"{self.path}," if isinstance(self.path, ObservedRelay) else str(self.path)


@dataclass(frozen=True, slots=True)
class Decision:
    """Lanes between two clusters, both directions, or with `one_way` from `a` to `b` alone, moved to a path: `via` a
    relay, or direct again (None). `then`: the relay after it on the way from `a` to `b`, if there are two.

    `seen_ns`: the evidence arrived. `decided_ns`: the policy returned. `sent_ns`: the last flow-mod was handed to
    the switch connection. `written_ns`: its last byte had been written to the connection's socket; None: recorded by a
    version that did not know. `installed_ns`: the last switch's barrier reply came. `repaired_ns`: when the controller
    learned that a switch at either end had moved the lanes by itself (local repair), if one had.
    """

    a: str
    b: str
    via: str | None
    lanes: tuple[int, ...]
    reason: str
    seen_ns: int
    decided_ns: int
    sent_ns: int
    installed_ns: int
    then: str | None = None
    written_ns: int | None = None
    repaired_ns: int | None = None
    one_way: bool = False
    kind: Literal["decision"] = "decision"

    @property
    def in_force_ns(self) -> int:
        """From when on the path is known to have been taken: since the local repair, or the installation."""
        return self.installed_ns if self.repaired_ns is None else self.repaired_ns

    @property
    def relays(self) -> tuple[str, ...]:
        """The relays on the path, from `a` to `b`; empty: it is the direct one."""
        return tuple(relay for relay in (self.via, self.then) if relay is not None)


@dataclass(frozen=True, slots=True)
class Kept:
    """The policy would have moved traffic but could not, or was told not to; `reason` says why."""

    a: str
    b: str
    reason: str
    at_ns: int
    one_way: bool = False
    kind: Literal["kept"] = "kept"


@dataclass(frozen=True, slots=True)
class HeldUp:
    """The controller did not run between these times: what its detectors had from then they distrust, as reports that
    came meanwhile may be missing."""

    from_ns: int
    at_ns: int
    kind: Literal["held-up"] = "held-up"


@dataclass(frozen=True, slots=True)
class Review:
    """The policy looked at a pair that goes via relays (`via`, and `then`) and left it there; `reason` says why. Once a
    second."""

    a: str
    b: str
    via: str
    reason: str
    at_ns: int
    then: str | None = None
    one_way: bool = False
    kind: Literal["check"] = "check"

    @property
    def relays(self) -> tuple[str, ...]:
        """The relays on the path, from `a` to `b`."""
        return (self.via,) if self.then is None else (self.via, self.then)


OfPair: TypeAlias = Decision | Kept | Review
"""Records of two clusters `a` and `b`; with `one_way`, of what goes from `a` to `b` alone."""


def concerns(record: OfPair, source: str, destination: str) -> bool:
    """Whether a record is of what goes from one cluster to another."""
    ends = (record.a, record.b)
    return (source, destination) == ends or (not record.one_way and (destination, source) == ends)


def overlap(one: OfPair, other: OfPair) -> bool:
    """Whether two records are of a direction between clusters that they have in common."""
    return concerns(one, other.a, other.b) or (not other.one_way and concerns(one, other.b, other.a))


def ends_text(record: OfPair) -> str:
    """What a record is of, as text: `a–b`, or `a→b`."""
    return f"{record.a}{'→' if record.one_way else '–'}{record.b}"
