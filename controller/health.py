"""Health of what media travels over: one direction of a link, or a relay. Pure data; times are ns.

| state    | meaning                                                                                 |
|----------|-----------------------------------------------------------------------------------------|
| unknown  | start-up: too little evidence yet to judge                                              |
| clean    | evidence is fresh; loss and delay are within the settings                               |
| degraded | evidence arrives, but too much of it is lost or late                                    |
| down     | no evidence within the detection time (RFC 5880 §6.8.4), or a port of the link is down  |

Detectors find these. To those who choose paths a clean direction that flapped is *damped* (`controller.damping`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from topologies.model import Direction

State = Literal["unknown", "clean", "damped", "degraded", "down"]

_SEVERITY: tuple[State, ...] = ("clean", "damped", "unknown", "degraded", "down")


class Health(NamedTuple):
    """A state, since when, and why. `since_ns` of a clean direction is what the wait-to-restore time counts from.

    `extra_ns`: of what is degraded only because it is late, by how much now; else 0.
    """

    state: State
    since_ns: int
    reason: str
    extra_ns: int = 0


@dataclass(frozen=True, slots=True)
class ObservedRelay:
    """The relay of a cluster as another one, the observer, finds it: by canaries through it and back, or by the media
    that it should hear over it.

    Not a tuple as `Direction` is: the two are keys of one mapping, and tuples of equal names would be one key.
    """

    observer: str
    relay: str

    def __str__(self) -> str:
        return f"relay {self.relay}, to {self.observer}"


MonitoredPath: TypeAlias = Direction | ObservedRelay
"""What a detector can watch."""


@dataclass(frozen=True, slots=True)
class RelayHealth:
    """What an observer knows of a relay: its health, and when it was last known to be unhealthy, if ever."""

    health: Health
    last_unhealthy_ns: int | None = None

    @property
    def unhealthy(self) -> bool:
        """Canaries or media are lost, or canaries take too long. What is unknown is not unhealthy."""
        return self.health.state not in ("clean", "unknown")


def worse(one: Health, other: Health) -> Health:
    """What two detectors of one path say together: the more severe state counts.

    If both say the same: clean since the later of them, any other state since the earlier.
    """
    if one.state != other.state:
        return max(one, other, key=lambda health: _SEVERITY.index(health.state))
    choose = max if one.state == "clean" else min
    return choose(one, other, key=lambda health: health.since_ns)
