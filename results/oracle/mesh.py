"""The graph of clusters: direct paths over links, and ways over relays. Pure; delays are ns."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from topologies.graphs import least_costs, way_along
from topologies.model import Direction, Topology

Relays: TypeAlias = tuple[str, ...]
"""The relays on a pair's path, from its first cluster to its second; empty: the direct path."""

Routes: TypeAlias = Mapping[Direction, Relays]
"""The relays of each rerouted pair, by its ends in the order of `Mesh.pairs`."""

_HOP = 1
"""What a link costs beside its delay, which counts `_DELAY` times: of ways of equal delay the one with fewer links."""

_DELAY = 1 << 10


class Mesh:
    """Direct paths of a topology, by Dijkstra over its links.

    `pairs`: every two clusters between which links lead, those with a link in the topology's order, then the others;
    with `one_way`, either direction of each, and what is said here of the way back is then left out.
    """

    def __init__(self, topology: Topology, *, one_way: bool = False) -> None:
        self.one_way = one_way
        self.clusters = tuple(cluster.name for cluster in topology.clusters)
        self._link_ns = {direction: one_way.delay_ns for direction, one_way in topology.one_ways.items()}
        next_hops = {end: self._next_hops(end) for end in self.clusters}
        self.hops: dict[Direction, tuple[Direction, ...]] = {}
        """The directions of links on the direct path from each cluster to each other one."""
        for end, following in next_hops.items():
            for start in following:
                way = way_along(following.items(), start, end) or ()
                self.hops[Direction(start, end)] = tuple(itertools.starmap(Direction, itertools.pairwise(way)))
        linked = dict.fromkeys(Direction(link.a, link.b) for link in topology.links)
        others = itertools.starmap(Direction, itertools.combinations(self.clusters, 2))
        further = (each for each in others if each not in linked and each.reversed() not in linked)
        pairs = tuple(each for each in (*linked, *further) if each in self.hops)
        self.pairs = tuple(ends for each in pairs for ends in (each, each.reversed())) if one_way else pairs
        self._clean_pairs: dict[frozenset[Direction], frozenset[Direction]] = {}

    def _next_hops(self, end: str) -> dict[str, str]:
        """By cluster, where its switch sends packets for a destination: who has a link to it takes that; the others the
        way of least delay, then of fewest links, then over the neighbour whose name comes first."""
        costs: dict[tuple[str, str], int] = {
            each: delay_ns * _DELAY + _HOP
            for each, delay_ns in self._link_ns.items()
            if each.destination == end or Direction(each.source, end) not in self._link_ns
        }
        least = least_costs(costs, end)
        ways: dict[str, list[tuple[int, str]]] = {start: [] for start in least if start != end}
        for (start, over), cost in costs.items():
            if start in ways and over in least:
                ways[start].append((cost + least[over], over))
        return {start: min(each)[1] for start, each in ways.items()}

    def both_ways(self, pair: Direction) -> tuple[Direction, ...]:
        """The directions of links that the direct path of a pair takes, there and back."""
        return self.hops[pair] if self.one_way else (*self.hops[pair], *self.hops[pair.reversed()])

    def links(self, way: Relays) -> tuple[Direction, ...]:
        """The directions of links on the direct paths between clusters in a row."""
        return tuple(hop for leg in itertools.pairwise(way) for hop in self.hops[Direction(*leg)])

    def round_trip_ns(self, way: Iterable[str]) -> int:
        """Delay over the direct paths between clusters in a row, there and back."""
        legs = itertools.starmap(Direction, itertools.pairwise(way))
        return sum(self._link_ns[hop] for leg in legs for hop in self.both_ways(leg))

    def clean_pairs(self, clean: frozenset[Direction]) -> frozenset[Direction]:
        """The ends, either way round, between which every link of the direct path is clean, there and back."""
        if clean not in self._clean_pairs:
            found = [pair for pair in self.pairs if clean.issuperset(self.both_ways(pair))]
            back = [] if self.one_way else [pair.reversed() for pair in found]
            self._clean_pairs[clean] = frozenset((*found, *back))
        return self._clean_pairs[clean]

    def sent_to(self, routes: Routes, end: str) -> dict[str, str]:
        """By cluster, which relay it sends what is for a destination to, of those that send it to one."""
        return {
            pair.destination if pair.source == end else pair.source: relays[0 if pair.destination == end else -1]
            for pair, relays in routes.items()
            if end in pair and not (self.one_way and pair.source == end)
        }

    def relay_paths(self, routes: Routes, pair: Direction, count: int, clean: frozenset[Direction]) -> list[Relays]:
        """The ways of a pair over so many relays that relays make by themselves as they are routed, the same way back,
        the direct paths between them clean; the nearest first, of equals in cluster order."""
        to_b = self.sent_to(routes, pair.destination)
        ways = (relays_on(to_b, each, pair.destination) for each in self.clusters if each not in pair)
        found = [each for each in ways if len(each) == count and self.is_way(routes, pair, each, clean)]
        return sorted(found, key=lambda relays: self.length_ns(pair, relays))

    def length_ns(self, pair: Direction, relays: Relays) -> int:
        """Delay of a pair's way over relays, there and back."""
        return self.round_trip_ns((pair.source, *relays, pair.destination))

    def is_way(self, routes: Routes, pair: Direction, relays: Relays, clean: frozenset[Direction]) -> bool:
        """Whether relays make this way by themselves, the same back, over clean direct paths."""
        a, b = pair
        legs = itertools.starmap(Direction, itertools.pairwise((a, *relays, b)))
        if not {*pair}.isdisjoint(relays) or not self.clean_pairs(clean).issuperset(legs):
            return False
        there = relays_on(self.sent_to(routes, b), relays[0], b)
        if self.one_way:
            return there == relays
        return (there, relays_on(self.sent_to(routes, a), relays[-1], a)) == (relays, relays[::-1])


def relays_on(sent_to: Mapping[str, str], first: str, end: str) -> Relays:
    """The relays that packets pass from the first of them to a destination; empty if they would go round for ever."""
    relays: Relays = ()
    at = first
    while at != end:
        if at in relays:
            return ()
        relays, at = (*relays, at), sent_to.get(at, end)
    return relays
