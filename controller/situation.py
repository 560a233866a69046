"""What a policy may base its decisions on, and the questions that policies ask of it. Pure; times are ns."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cached_property

from controller.decisions import Review
from controller.health import CanaryPath, Health, RelayHealth
from controller.moves import Pair, Relays, Reroutes, relays_between, second_of
from controller.settings import ControllerSettings
from topologies.model import Direction, DirectPath, Topology


@dataclass(frozen=True)
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

    @property
    def all_clean(self) -> bool:
        """Every direction of every link is clean."""
        return all(health.state == "clean" for health in self.links.values())

    def relays_of(self, pair: DirectPath) -> Relays:
        """The relays that media between the ends of a direct path go over; empty: they take that path."""
        return relays_between(pair.a, pair.b, self.reroutes)

    def link_clean(self, direction: Direction) -> bool:
        """A direction of a link is clean."""
        return direction in self.links and self.links[direction].state == "clean"

    @cached_property
    def _faulty(self) -> Set[Direction]:
        """The ends between which the direct path leads over a link that is not clean, there or back."""
        links = (direction for direction in self.links if not self.link_clean(direction))
        there = set[Direction]().union(*(self.topology.ends_over[each] for each in links))
        return there | {ends.reversed() for ends in there}

    @property
    def concerned(self) -> list[DirectPath]:
        """The pairs that are rerouted or whose direct path is not clean, in the order of direct paths."""
        return [pair for pair in self.topology.direct_paths if pair.ends in self._faulty or pair.ends in self.reroutes]

    def path_clean(self, pair: DirectPath) -> bool:
        """Every link of a direct path is clean, both ways."""
        return pair.ends not in self._faulty

    def path_up(self, pair: DirectPath) -> bool:
        """No link of a direct path is down in a direction that it takes; any may be degraded."""
        return all(self.links[direction].state != "down" for direction in pair.directions)

    def legs(self, pair: DirectPath, relays: Relays) -> tuple[Direction, ...]:
        """The directions of links that a relay path takes there and back, leg by leg."""
        ends = itertools.pairwise((pair.a, *relays, pair.b))
        return tuple(hop for a, b in ends for hop in (*self.topology.hops(a, b), *self.topology.hops(b, a)))

    def legs_usable(self, pair: DirectPath, relays: Relays) -> bool:
        """Every leg of a relay path is clean both ways, and every relay on it sends on to the next one."""
        legs = itertools.starmap(Direction, itertools.pairwise((pair.a, *relays, pair.b)))
        return self._faulty.isdisjoint(legs) and all(
            self.reroutes.get(Direction(relay, end)) == following
            for end, way in ((pair.b, relays), (pair.a, relays[::-1]))
            for relay, following in itertools.zip_longest(way, way[1:])
        )

    def canaries(self, pair: DirectPath, relays: Relays) -> Iterator[tuple[CanaryPath, RelayHealth]]:
        """What the clusters on a relay path, between its legs' ends too, know of the relays to which they have links;
        empty where relays are not watched."""
        for one, other in self.topology.hops(pair.a, *relays, pair.b) if self.relays else ():
            for path in (CanaryPath(one, other), CanaryPath(other, one)):
                if path.relay in relays and path in self.relays:
                    yield path, self.relays[path]

    def unhealthy_canary(self, pair: DirectPath, relays: Relays) -> CanaryPath | None:
        """The first cluster on a relay path whose canaries find a relay beside it unhealthy, if any do."""
        return next((path for path, relay in self.canaries(pair, relays) if relay.unhealthy), None)

    def held_down(self, pair: DirectPath, relays: Relays) -> bool:
        """A relay is unhealthy to a cluster beside it, or was within the last `hold_ns` (hold-down)."""
        last_ns = [relay.last_unhealthy_ns for _, relay in self.canaries(pair, relays)]
        held = any(each is not None and self.now_ns - each < self.settings.hold_ns for each in last_ns)
        return held or self.unhealthy_canary(pair, relays) is not None

    def best_relays(self, pair: DirectPath, count: int) -> Relays:
        """The `count` relays, 1 or 2, to reroute a pair's traffic over: usable legs, none held down, smallest one-way
        delay in total.

        Of equals the first in cluster order; empty if there are none.
        """
        usable = [relays for relays in self._candidates(pair, count) if self.legs_usable(pair, relays)]
        nearest_first = sorted(usable, key=lambda relays: self._delay_ns(pair, relays))
        return next((relays for relays in nearest_first if not self.held_down(pair, relays)), ())

    def _candidates(self, pair: DirectPath, count: int) -> Iterator[Relays]:
        """The relay paths that there may be. With two relays, the second is where the first is rerouted to."""
        for first in (each.name for each in self.topology.clusters if each.name not in (pair.a, pair.b)):
            second = self.reroutes.get(Direction(first, pair.b))
            if count == 1:
                yield (first,)
            elif second not in (None, pair.a, pair.b):
                yield first, str(second)

    def _delay_ns(self, pair: DirectPath, relays: Relays) -> int:
        """Both ways, because they may differ."""
        way = (pair.a, *relays, pair.b)
        return self.topology.one_way_ns(*way) + self.topology.one_way_ns(*way[::-1])


def reviews(situation: Situation) -> list[Review]:
    """One record for each rerouted pair."""
    pairs = [(pair, relays) for pair in situation.concerned if (relays := situation.relays_of(pair))]
    return [
        Review(pair.a, pair.b, relays[0], _state(situation, pair, relays), situation.now_ns, second_of(relays))
        for pair, relays in pairs
    ]


def _state(situation: Situation, pair: DirectPath, relays: Relays) -> str:
    unconfirmed = "a switch has not confirmed it; " if Pair((pair.a, pair.b)) in situation.unconfirmed else ""
    all_legs = "both legs" if len(relays) == 1 else "all legs"
    legs = f"{all_legs} are clean" if situation.legs_usable(pair, relays) else "a leg is not clean"
    direct = "waits for its hold time" if situation.path_clean(pair) else "is not clean"
    return f"{unconfirmed}{legs}; {_relay_state(situation, pair, relays)}; the {pair.word} {direct}"


def _relay_state(situation: Situation, pair: DirectPath, relays: Relays) -> str:
    known = [relay for _, relay in situation.canaries(pair, relays)]
    if not known:
        return "the relay itself is not watched"
    if any(relay.unhealthy for relay in known):
        return "the relay is unhealthy"
    return "canaries come back through the relay"
