"""What a policy may base its decisions on, and the questions that policies ask of it. Pure; times are ns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from controller.decisions import Review
from controller.health import CanaryPath, Health, RelayHealth
from controller.moves import Pair, Reroutes
from controller.settings import ControllerSettings
from topologies.model import Direction, Link, Topology


@dataclass(frozen=True, slots=True)
class Situation:
    """Health and paths at one moment. `relays` is empty if no detector watches relays."""

    topology: Topology
    links: Mapping[Direction, Health]
    relays: Mapping[CanaryPath, RelayHealth]
    reroutes: Reroutes
    settings: ControllerSettings
    now_ns: int
    unconfirmed: frozenset[Pair] = frozenset()
    """Pairs with a move that some switch has not confirmed yet."""

    @property
    def starting_up(self) -> bool:
        """The health of some link is not known yet."""
        return any(health.state == "unknown" for health in self.links.values())

    def relay_of(self, link: Link) -> str | None:
        """The relay that media between the ends of a link goes over; None: it takes the link."""
        return self.reroutes.get(Pair((link.a, link.b)))

    def link_clean(self, one: str, other: str) -> bool:
        """The two clusters have a link, and it is clean in both directions."""
        directions = (Direction(one, other), Direction(other, one))
        return all(each in self.links and self.links[each].state == "clean" for each in directions)

    def link_up(self, link: Link) -> bool:
        """Neither direction of a link is down; either may be degraded."""
        return all(self.links[direction].state != "down" for direction in link.directions)

    def legs_usable(self, link: Link, via: str) -> bool:
        """Both legs of the relay path are clean, and neither is rerouted itself."""
        return self._leg_usable(link.a, via) and self._leg_usable(via, link.b)

    def _leg_usable(self, one: str, other: str) -> bool:
        return self.link_clean(one, other) and Pair((one, other)) not in self.reroutes

    def canaries(self, link: Link, via: str) -> Iterator[tuple[CanaryPath, RelayHealth]]:
        """What the two ends of a link know of a relay; empty where relays are not watched."""
        for path in (CanaryPath(end, via) for end in (link.a, link.b)):
            if path in self.relays:
                yield path, self.relays[path]

    def unhealthy_canary(self, link: Link, via: str) -> CanaryPath | None:
        """The first end of a link whose canaries find the relay unhealthy, if any do."""
        return next((path for path, relay in self.canaries(link, via) if relay.unhealthy), None)

    def relay_held_down(self, link: Link, via: str) -> bool:
        """The relay is unhealthy to either end of a link, or was within the last `hold_ns` (hold-down)."""
        last_ns = [relay.last_unhealthy_ns for _, relay in self.canaries(link, via)]
        held = any(each is not None and self.now_ns - each < self.settings.hold_ns for each in last_ns)
        return held or self.unhealthy_canary(link, via) is not None

    def best_relay(self, link: Link) -> str | None:
        """The relay to reroute a link's traffic over: usable legs, not held down, smallest one-way delay in total.

        Of equals the first in cluster order; None if there is none.
        """
        others = [each.name for each in self.topology.clusters if each.name not in (link.a, link.b)]
        usable = [via for via in others if self.legs_usable(link, via) and not self.relay_held_down(link, via)]
        return min(usable, key=lambda via: self.topology.one_way_ns(link.a, via, link.b), default=None)


def reviews(situation: Situation) -> list[Review]:
    """One record for each rerouted pair."""
    rerouted = [(link, via) for link in situation.topology.links if (via := situation.relay_of(link)) is not None]
    return [Review(link.a, link.b, via, _state(situation, link, via), situation.now_ns) for link, via in rerouted]


def _state(situation: Situation, link: Link, via: str) -> str:
    unconfirmed = "a switch has not confirmed it; " if Pair((link.a, link.b)) in situation.unconfirmed else ""
    legs = "both legs are clean" if situation.legs_usable(link, via) else "a leg is not clean"
    direct = "waits for its hold time" if situation.link_clean(link.a, link.b) else "is not clean"
    return f"{unconfirmed}{legs}; {_relay_state(situation, link, via)}; the direct link {direct}"


def _relay_state(situation: Situation, link: Link, via: str) -> str:
    known = [relay for _, relay in situation.canaries(link, via)]
    if not known:
        return "the relay itself is not watched"
    if any(relay.unhealthy for relay in known):
        return "the relay is unhealthy"
    return "canaries come back through the relay"
