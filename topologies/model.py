"""Clusters and WAN links as frozen data. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address
from typing import NamedTuple

from hostio.timing import MS
from topologies.least_delay import least_delay_paths
from topologies.link_state import Jitter, LinkState, RandomLoss

CLUSTER_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")
"""Cluster names become host names and file names: lower case, digits and hyphens, at most 20 characters."""

MAX_CLUSTERS = 64
"""Clusters of a topology at most. Their ordinals are octets of addresses and of the media's path log, port numbers, and
parts of port names and of the SSRCs of canaries: none of these holds more than 254."""


class Direction(NamedTuple):
    """One direction of a WAN link, by cluster names."""

    source: str
    destination: str

    def reversed(self) -> Direction:
        """The other direction of the same link."""
        return Direction(self.destination, self.source)

    def __str__(self) -> str:
        return f"{self.source}→{self.destination}"


class Position(NamedTuple):
    """A place on the Earth, degrees north and east."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data centre: one host and one OpenFlow switch. `ordinal`, from 1, identifies it in addresses and packets.

    `position`: for maps only; delays are those of the links."""

    name: str
    ordinal: int
    position: Position | None = field(default=None, compare=False)

    @property
    def address(self) -> IPv4Address:
        """The host's IPv4 address."""
        return IPv4Address(f"10.0.0.{self.ordinal}")

    @property
    def mac(self) -> str:
        """The host's MAC address (locally administered)."""
        return f"02:00:00:00:00:{self.ordinal:02x}"


@dataclass(frozen=True, slots=True)
class OneWay:
    """What one direction of a link does to frames without any fault, in the terms of `LinkState`.

    `jitter_ns`: uniform, either way; `loss`: probability of random loss; `queue_ns`: behind `rate_bps`.
    """

    delay_ns: int
    jitter_ns: int = 0
    loss: float = 0.0
    rate_bps: int | None = None
    queue_ns: int = 100 * MS
    mtu: int | None = None

    @property
    def state(self) -> LinkState:
        """The state of the direction without faults."""
        return LinkState(
            delay_ns=self.delay_ns,
            jitter=Jitter(self.jitter_ns) if self.jitter_ns else None,
            loss=RandomLoss(self.loss) if self.loss else None,
            rate_bps=self.rate_bps,
            queue_ns=self.queue_ns,
            mtu=self.mtu,
        )


@dataclass(frozen=True, slots=True)
class Link:
    """A WAN link between two clusters. `there`: from `a` to `b`; `back`: from `b` to `a`; `source`: where the figures
    were published or measured."""

    a: str
    b: str
    there: OneWay
    back: OneWay
    source: str = ""

    @classmethod
    def alike(cls, a: str, b: str, delay_ns: int, jitter_ns: int = 0) -> Link:
        """A link with the same delay and jitter in both directions."""
        return cls(a, b, OneWay(delay_ns, jitter_ns), OneWay(delay_ns, jitter_ns))

    @property
    def directions(self) -> tuple[Direction, Direction]:
        """Both directions, a→b first."""
        return Direction(self.a, self.b), Direction(self.b, self.a)


@dataclass(frozen=True)
class DirectPath:
    """The ways that packets between two clusters take when they are not rerouted, as names of clusters: `there` from
    `a` to `b`, `back` from `b` to `a`; empty: only the way there is considered."""

    a: str
    b: str
    there: tuple[str, ...]
    back: tuple[str, ...]

    @cached_property
    def ends(self) -> Direction:
        """Both ends, as those of the way there."""
        return Direction(self.a, self.b)

    @property
    def word(self) -> str:
        """What it is called in messages."""
        return "direct link" if len(self.there) == len(self.back or self.there) == 2 else "direct path"

    @property
    def one_way(self) -> bool:
        """Whether only the way there is considered."""
        return not self.back

    @cached_property
    def directions(self) -> tuple[Direction, ...]:
        """The directions of links on both ways, or that there."""
        return tuple(itertools.starmap(Direction, (*itertools.pairwise(self.there), *itertools.pairwise(self.back))))


@dataclass(frozen=True)
class Topology:
    """A full or partial mesh of clusters. The order of clusters sets ordinals, hence addresses and port numbers."""

    name: str
    clusters: tuple[Cluster, ...]
    links: tuple[Link, ...]

    def cluster(self, name: str) -> Cluster:
        """The cluster of that name; KeyError if there is none."""
        return self._clusters[name]

    @cached_property
    def _clusters(self) -> Mapping[str, Cluster]:
        return {cluster.name: cluster for cluster in self.clusters}

    def link(self, one: str, other: str) -> Link:
        """The link between two clusters, in either order; KeyError if there is none."""
        for link in self.links:
            if {link.a, link.b} == {one, other}:
                return link
        raise KeyError((one, other))

    @cached_property
    def one_ways(self) -> Mapping[Direction, OneWay]:
        """Every direction of every link, in the order of `links`."""
        return {
            direction: one_way
            for link in self.links
            for direction, one_way in zip(link.directions, (link.there, link.back), strict=True)
        }

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Every direction of every link, in the order of `links`."""
        return tuple(self.one_ways)

    @property
    def base_states(self) -> dict[Direction, LinkState]:
        """The state of every direction without faults, in the order of `links`."""
        return {direction: one_way.state for direction, one_way in self.one_ways.items()}

    def ordinals(self, direction: Direction) -> tuple[int, int]:
        """Ordinals of a direction's source and destination."""
        return self.cluster(direction.source).ordinal, self.cluster(direction.destination).ordinal

    @cached_property
    def paths(self) -> Mapping[Direction, tuple[str, ...]]:
        """The way, as names of clusters, that packets from one cluster to another take when they are not rerouted:
        their link, or else those between with the least delay in sum. None between islands."""
        delays: dict[tuple[str, str], int] = {
            direction: one_way.delay_ns for direction, one_way in self.one_ways.items()
        }
        found = least_delay_paths([cluster.name for cluster in self.clusters], delays)
        return {Direction(*ends): path for ends, path in found.items()}

    @cached_property
    def ends_over(self) -> Mapping[Direction, frozenset[Direction]]:
        """Of every direction of a link, the ends between which the direct path leads over it."""
        found: dict[Direction, set[Direction]] = {direction: set() for direction in self.one_ways}
        for ends, path in self.paths.items():
            for hop in itertools.starmap(Direction, itertools.pairwise(path)):
                found[hop].add(ends)
        return {direction: frozenset(ends) for direction, ends in found.items()}

    @cached_property
    def direct_paths(self) -> tuple[DirectPath, ...]:
        """Of every two clusters: those with a link in the order of `links`, then the others in that of `clusters`."""
        names = [cluster.name for cluster in self.clusters]
        ends = dict.fromkeys([(link.a, link.b) for link in self.links])
        ends |= dict.fromkeys(pair for pair in itertools.combinations(names, 2) if pair[::-1] not in ends)
        found = (Direction(*pair) for pair in ends)
        return tuple(
            DirectPath(*each, self.paths[each], self.paths[each.reversed()]) for each in found if each in self.paths
        )

    @cached_property
    def one_way_paths(self) -> tuple[DirectPath, ...]:
        """The direct paths, each way by itself."""
        ways = ((ends, way) for path in self.direct_paths for ends, way in _ways(path))
        return tuple(DirectPath(*ends, way, ()) for ends, way in ways)

    def hops(self, *path: str) -> tuple[Direction, ...]:
        """The directions of links that packets take from cluster to cluster; KeyError if no links lead there."""
        legs = (self.paths[Direction(*leg)] for leg in itertools.pairwise(path))
        return tuple(Direction(*hop) for leg in legs for hop in itertools.pairwise(leg))

    def one_way_ns(self, *path: str) -> int:
        """Sum of the emulated one-way delays along a path of cluster names, ns; KeyError if no links lead there."""
        return sum(self._delays_ns[Direction(*leg)] for leg in itertools.pairwise(path))

    @cached_property
    def _delays_ns(self) -> Mapping[Direction, int]:
        """Of the direct path between every two ends."""
        hops = {ends: itertools.starmap(Direction, itertools.pairwise(path)) for ends, path in self.paths.items()}
        return {ends: sum(self.one_ways[hop].delay_ns for hop in each) for ends, each in hops.items()}


def _ways(path: DirectPath) -> tuple[tuple[Direction, tuple[str, ...]], ...]:
    return (path.ends, path.there), (path.ends.reversed(), path.back)


LAN_PORT = 254
"""OpenFlow port number of a switch's own host; a WAN port is numbered by the remote cluster's ordinal."""


def where(directions: Sequence[Direction]) -> str:
    """Link directions as text; both directions of a link are written as one, a–b."""
    names = []
    for direction in directions:
        if direction.reversed() not in directions:
            names.append(str(direction))
        elif directions.index(direction) < directions.index(direction.reversed()):
            names.append(link_name(*direction))
    return ", ".join(names)


def link_name(a: str, b: str) -> str:
    """A link, in both directions, as text."""
    return f"{a}–{b}"


def route_name(via: Sequence[str] | None) -> str:
    """A route as text: the relays passed, or `direct`; None: `not told`."""
    if via is None:
        return "not told"
    return "via " + " and ".join(via) if via else "direct"
