"""What a policy may base its decisions on, and the questions that policies ask of it. Pure; times are ns."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from controller.coverage import NO_COVERAGE, Coverage
from controller.health import Health, ObservedRelay, RelayHealth
from controller.isolation import cut_off, cut_off_way, isolated_since_ns
from controller.loading import NOTHING_LOADING, Loading
from controller.moves import (
    ALL_LANES,
    LaneReroutes,
    Move,
    Pair,
    Relays,
    Reroutes,
    after,
    after_in_lanes,
)
from controller.relay_paths import lane_load, load_after, relays_in, told_reroutes
from controller.settings import ControllerSettings
from controller.traffic import NO_TRAFFIC, Traffic
from topologies.model import Direction, DirectPath, Topology

_OF_HEALTH = ("_faulty", "_cut_off", "_unsettled")
"""Cached properties that no move touches."""


@dataclass(frozen=True)
class Situation:
    """Health and paths at one moment. `relays` is empty if no detector watches relays.

    `lanes`, which go alike, are under consideration: `reroutes` are theirs, and moves are to be of them.
    """

    topology: Topology
    links: Mapping[Direction, Health]
    relays: Mapping[ObservedRelay, RelayHealth]
    reroutes: Reroutes
    settings: ControllerSettings
    now_ns: int
    unconfirmed: frozenset[Pair] = frozenset()
    """Pairs with a move that some switch has not confirmed yet."""
    by_lane: LaneReroutes = ()
    """The reroutes of each lane; empty: `reroutes` are those of all."""
    in_force: Mapping[Direction, tuple[Relays, ...]] = field(default_factory=dict)
    """Of each pair that has moved, the path that the switches were given for each lane: a move with a pace has given
    them only some of its lanes yet."""
    traffic: Traffic = NO_TRAFFIC
    coverage: Coverage = NO_COVERAGE
    loading: Loading = NOTHING_LOADING
    """Which pairs wait for relays to load their records."""
    lanes: tuple[int, ...] = ALL_LANES
    moved_before: int = 0
    """How often a pair was moved onto relays in the last minute."""
    moved_now: frozenset[Pair] = frozenset()
    """The pairs that are moved onto relays by the decisions so far."""

    def of_lanes(self, *lanes: int) -> Situation:
        """The situation of lanes that go alike."""
        reroutes = self.by_lane[lanes[0]] if self.by_lane else self.reroutes
        return self._but(*_OF_HEALTH, "_told", "_lane_loads", "load", lanes=lanes, reroutes=reroutes)

    def after(self, move: Move) -> Situation:
        """The situation once a move of the lanes under consideration is made."""
        by_lane = after_in_lanes(move, self.by_lane) if self.by_lane else self.by_lane
        moved_now = self.moved_now | {move.pair} if move.relays else self.moved_now
        same = (*_OF_HEALTH, "_told", "_lane_loads")
        moved = self._but(*same, reroutes=after(move, self.reroutes), by_lane=by_lane, moved_now=moved_now)
        if (loads := moved.__dict__.get("_lane_loads")) is not None:
            found = tuple(moved._lane_load(lane) if lane in self.lanes else load for lane, load in enumerate(loads))
            moved.__dict__["_lane_loads"] = found
            if "load" in self.__dict__:
                moved.__dict__["load"] = load_after(self.load, loads, found)
        return moved

    def _but(self, *same: str, **changes: Any) -> Situation:
        """The situation with these changes. `same`: cached properties that they do not touch, because to find each out
        again for every lane takes most of the time of a decision."""
        changed = replace(self, **changes)
        changed.__dict__.update({name: value for name, value in self.__dict__.items() if name in same})
        changed.__dict__["_found"] = self._found
        return changed

    def lanes_over(self, pair: DirectPath) -> Counter[str]:
        """How many of a pair's lanes go over each relay."""
        by_lane = self.by_lane or (self.reroutes,)
        return Counter(relay for each in by_lane for relay in relays_in(each, pair))

    def covered(self, pair: DirectPath | Move, relays: Relays) -> float:
        """The least share of the records of a pair's sessions that one of these relays holds; 1 if there are none."""
        records = self.traffic.records_of(pair.a, pair.b)
        held = [self.coverage.held(relay, Pair((pair.a, pair.b)), self.now_ns) for relay in relays]
        return min(held) / records if records else 1.0

    @cached_property
    def load(self) -> Mapping[str, int]:
        """Packets a second that the relay of each cluster forwards, by the plan: of the sessions that end there, of the
        lanes that are to go over it, and of those that have not left it yet."""
        clusters = [each.name for each in self.topology.clusters]
        return {each: self.traffic.ending_at(each) + sum(load[each] for load in self._lane_loads) for each in clusters}

    @cached_property
    def _lane_loads(self) -> tuple[Counter[str], ...]:
        return tuple(map(self._lane_load, ALL_LANES))

    def _lane_load(self, lane: int) -> Counter[str]:
        reroutes = self.by_lane[lane] if self.by_lane else self.reroutes
        return lane_load(lane, reroutes, self._told[lane], self.traffic)

    @cached_property
    def _told(self) -> LaneReroutes:
        return told_reroutes(self.in_force, one_way=self.settings.one_way)

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
        return relays_in(self.reroutes, pair) if self.reroutes else ()

    @property
    def paths(self) -> tuple[DirectPath, ...]:
        """The direct paths, each of which is moved by itself: both ways of a pair, or either way alone."""
        return self.topology.one_way_paths if self.settings.one_way else self.topology.direct_paths

    def link_clean(self, direction: Direction) -> bool:
        """A direction of a link is clean."""
        return direction in self.links and self.links[direction].state == "clean"

    @cached_property
    def _faulty(self) -> Set[Direction]:
        """The ends of direct paths over a link that is not clean, there or, if both ways go together, back."""
        return self._ends_over(direction for direction in self.links if not self.link_clean(direction))

    def _ends_over(self, links: Iterable[Direction]) -> Set[Direction]:
        there = set[Direction]().union(*(self.topology.ends_over[each] for each in links))
        return there if self.settings.one_way else there | {ends.reversed() for ends in there}

    @property
    def concerned(self) -> list[DirectPath]:
        """The pairs that are rerouted or whose direct path is not clean, in the order of direct paths."""
        return [pair for pair in self.paths if pair.ends in self._faulty or pair.ends in self.reroutes]

    def path_clean(self, pair: DirectPath) -> bool:
        """Every link of a direct path is clean, both ways if these go together."""
        return pair.ends not in self._faulty

    def clean_since_ns(self, pair: DirectPath) -> int:
        """Since when every link of a direct path that is clean has been so."""
        return max(self.links[direction].since_ns for direction in pair.directions)

    def held(self, pair: DirectPath) -> bool:
        """Every link of a direct path has been clean for the wait-to-restore time."""
        return self.path_clean(pair) and self.now_ns - self.clean_since_ns(pair) >= self.settings.hold_ns

    def path_damped(self, pair: DirectPath) -> bool:
        """Every link of a direct path is clean, both ways, but for those that are damped, of which there is one."""
        states = {self.links[direction].state for direction in pair.directions}
        return "damped" in states and states <= {"clean", "damped"}

    @cached_property
    def _cut_off(self) -> Mapping[str, str]:
        return cut_off((each.name for each in self.topology.clusters), self.links)

    def why_cut_off(self, pair: DirectPath) -> str | None:
        """Why no detour can be between the ends of a pair, whatever the relays: one of them is cut off; else None."""
        if pair.one_way:
            return cut_off_way(*pair.ends, self.links)
        return next((self._cut_off[end] for end in pair.ends if end in self._cut_off), None)

    def isolated_since_ns(self, pair: DirectPath) -> int | None:
        """Since when an end of a pair is isolated; None if neither is."""
        if not any(end in self._cut_off for end in pair.ends):
            return None
        return next((at_ns for end in pair.ends if (at_ns := isolated_since_ns(end, self.links)) is not None), None)

    def spent(self, pair: DirectPath) -> bool:
        """No further pair may be moved onto relays within this minute (`max_reroutes`)."""
        most, moved = self.settings.max_reroutes, self.moved_before + len(self.moved_now)
        return most is not None and moved >= most and Pair((pair.a, pair.b)) not in self.moved_now

    def path_up(self, pair: DirectPath) -> bool:
        """No link of a direct path is down in a direction that it takes; any may be degraded."""
        return all(self.links[direction].state != "down" for direction in pair.directions)

    def legs(self, pair: DirectPath, relays: Relays) -> tuple[Direction, ...]:
        """The directions of links that a relay path takes there and, if both ways go together, back, leg by leg."""
        legs = itertools.pairwise((pair.a, *relays, pair.b))
        ways = [(a, b) if number == 0 else (b, a) for a, b in legs for number in range(1 if pair.one_way else 2)]
        return tuple(hop for way in ways for hop in self.topology.hops(*way))

    def legs_usable(self, pair: DirectPath, relays: Relays) -> bool:
        """Every leg of a relay path is clean as the path is to be, and every relay on it sends on to the next one."""
        legs = self._legs_to(pair, relays)
        ways = ((pair.b, relays), (pair.a, relays[::-1]))[: 1 if pair.one_way else 2]
        return self._faulty.isdisjoint(legs) and all(
            self.reroutes.get(Direction(relay, end)) == following
            for end, way in ways
            for relay, following in itertools.zip_longest(way, way[1:])
        )

    def observed(self, pair: DirectPath, relays: Relays) -> Iterator[tuple[ObservedRelay, RelayHealth]]:
        """What the clusters on a relay path, between its legs' ends too, know of the relays to which they have links;
        empty where relays are not watched."""
        for one, other in self.topology.hops(pair.a, *relays, pair.b) if self.relays else ():
            for path in (ObservedRelay(one, other), ObservedRelay(other, one)):
                if path.relay in relays and path in self.relays:
                    yield path, self.relays[path]

    def unhealthy_relay(self, pair: DirectPath, relays: Relays) -> ObservedRelay | None:
        """The first cluster on a relay path whose canaries find a relay beside it unhealthy, if any do."""
        return next((path for path, relay in self.observed(pair, relays) if relay.unhealthy), None)

    def held_down(self, pair: DirectPath, relays: Relays) -> bool:
        """A relay is unhealthy to a cluster beside it, or was within the last `hold_ns` (hold-down)."""
        last_ns = [relay.last_unhealthy_ns for _, relay in self.observed(pair, relays)]
        held = any(each is not None and self.now_ns - each < self.settings.hold_ns for each in last_ns)
        return held or self.unhealthy_relay(pair, relays) is not None

    def best_relays(self, pair: DirectPath, count: int) -> Relays:
        """The first of `nearest_relays`; empty if there are none."""
        return next(iter(self.nearest_relays(pair, count)), ())

    def nearest_relays(self, pair: DirectPath, count: int) -> list[Relays]:
        """The paths over `count` relays, 1 or 2, to reroute a pair's traffic over: usable legs, none held down, the
        smallest one-way delay in total. Several are equals, in cluster order; none, if all would make it later."""
        found = self._nearest(pair, count)
        nearest = [relays for delay_ns, relays in found if delay_ns == found[0][0]]
        return [] if nearest and self._slower(pair, nearest[0]) else nearest

    def ranked_relays(self, pair: DirectPath, count: int) -> list[Relays]:
        """All paths over `count` relays that would do, the best first: by latency, then by the load of the relay that
        has most, then in cluster order."""
        nearest = [each for each in self._nearest(pair, count) if not self._slower(pair, each[1])]
        if len(nearest) < 2:
            return [relays for _, relays in nearest]
        ranked = sorted(nearest, key=lambda each: (each[0], max(map(self.load.__getitem__, each[1]))))
        return [relays for _, relays in ranked]

    def _nearest(self, pair: DirectPath, count: int) -> list[tuple[int, Relays]]:
        """The relay paths with usable legs and no relay held down, the nearest first, each with its delay, ns."""
        asked = (self._rerouted_so, pair.ends, count)
        if asked not in self._found:
            left = [relays for relays in self._usable(pair, count) if not self.held_down(pair, relays)]
            self._found[asked] = sorted(((self._delay_ns(pair, each), each) for each in left), key=lambda each: each[0])
        return self._found[asked]

    @cached_property
    def _found(self) -> dict[tuple[object, Direction, int], list[tuple[int, Relays]]]:
        """What `_nearest` has found out: of every lane again it would be most of the time of a decision. It depends on
        nothing but health and reroutes, so that all situations of one decision have it in common."""
        return {}

    @cached_property
    def _rerouted_so(self) -> object:
        return frozenset(self.reroutes.items())

    def _usable(self, pair: DirectPath, count: int) -> list[Relays]:
        """The relay paths whose legs are usable, and settled if the direct path carries something."""
        found = self._with_usable_legs(pair, count)
        if not self._unsettled or not self.path_up(pair):
            return found
        return [relays for relays in found if self._unsettled.isdisjoint(self._legs_to(pair, relays))]

    def only_unsettled(self, pair: DirectPath, count: int) -> bool:
        """There are detours over up to so many relays, and the legs of all of them are clean too short a time."""
        counts = range(1, count + 1)
        return any(self._with_usable_legs(pair, some) for some in counts) and not any(
            self._usable(pair, some) for some in counts
        )

    @cached_property
    def _unsettled(self) -> Set[Direction]:
        """The ends of direct paths over a link that has been clean for less than one fault takes to be found."""
        since_ns = self.now_ns - self.settings.link_detection_ns
        found = self.links.items()
        return self._ends_over(each for each, health in found if health.state == "clean" and health.since_ns > since_ns)

    def _legs_to(self, pair: DirectPath, relays: Relays) -> Iterator[Direction]:
        return itertools.starmap(Direction, itertools.pairwise((pair.a, *relays, pair.b)))

    def _with_usable_legs(self, pair: DirectPath, count: int) -> list[Relays]:
        """The relay paths with usable legs, in cluster order. With two relays, the second is where the first is
        rerouted to."""
        others = [each.name for each in self.topology.clusters if each.name not in pair.ends]
        if count == 1:
            # What `legs_usable` says of one relay, with a fraction of its work: there may be very many.
            barred, a, b = self._barred, pair.a, pair.b
            return [(relay,) for relay in others if (a, relay) not in barred and (relay, b) not in barred]
        seconds = ((first, self.reroutes.get(Direction(first, pair.b))) for first in others)
        found = [(first, second) for first, second in seconds if second is not None and second not in pair.ends]
        return [relays for relays in found if self.legs_usable(pair, relays)]

    @cached_property
    def _barred(self) -> Set[Direction]:
        """The ends between which there can be no leg of a single relay: their direct path is not clean, or they are
        rerouted."""
        return self._faulty | self.reroutes.keys()

    def all_slower(self, pair: DirectPath, count: int) -> bool:
        """There are detours over up to so many relays, none of them held down, and each is slower than the direct path
        is now."""
        usable = [relays for some in range(1, count + 1) for relays in self._usable(pair, some)]
        left = [relays for relays in usable if not self.held_down(pair, relays)]
        return bool(left) and all(self._slower(pair, relays) for relays in left)

    def _slower(self, pair: DirectPath, relays: Relays) -> bool:
        """A pair is on its direct path, all that is wrong there is that it is late, and relays would make it later."""
        late_ns = [self.links[each].extra_ns for each in pair.directions if not self.link_clean(each)]
        if self.relays_of(pair) or not late_ns or 0 in late_ns:
            return False
        return self._delay_ns(pair, relays) >= self._delay_ns(pair, ()) + sum(late_ns)

    def _delay_ns(self, pair: DirectPath, relays: Relays) -> int:
        """Both ways if these go together, because they may differ."""
        way = (pair.a, *relays, pair.b)
        back_ns = 0 if pair.one_way else self.topology.one_way_ns(*way[::-1])
        return self.topology.one_way_ns(*way) + back_ns
