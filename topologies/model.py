"""Clusters and WAN links as frozen data. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import NamedTuple

CLUSTER_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")
"""Cluster names become host names and file names: lower case, digits and hyphens, at most 20 characters."""


class Direction(NamedTuple):
    """One direction of a WAN link, by cluster names."""

    source: str
    destination: str

    def reversed(self) -> Direction:
        """The other direction of the same link."""
        return Direction(self.destination, self.source)

    def __str__(self) -> str:
        return f"{self.source}→{self.destination}"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data centre: one host and one OpenFlow switch. `ordinal`, from 1, identifies it in addresses and packets."""

    name: str
    ordinal: int

    @property
    def address(self) -> IPv4Address:
        """The host's IPv4 address."""
        return IPv4Address(f"10.0.0.{self.ordinal}")

    @property
    def mac(self) -> str:
        """The host's MAC address (locally administered)."""
        return f"02:00:00:00:00:{self.ordinal:02x}"


@dataclass(frozen=True, slots=True)
class Link:
    """A WAN link between two clusters. `one_way_ns`: delay of each direction, half the round-trip time; `source`: where
    that figure was published or measured."""

    a: str
    b: str
    one_way_ns: int
    jitter_ns: int = 0
    source: str = ""

    @property
    def directions(self) -> tuple[Direction, Direction]:
        """Both directions, a→b first."""
        return Direction(self.a, self.b), Direction(self.b, self.a)


@dataclass(frozen=True)
class Topology:
    """A full or partial mesh of clusters. The order of clusters sets ordinals, hence addresses and port numbers."""

    name: str
    clusters: tuple[Cluster, ...]
    links: tuple[Link, ...]

    def cluster(self, name: str) -> Cluster:
        """The cluster of that name; KeyError if there is none."""
        for cluster in self.clusters:
            if cluster.name == name:
                return cluster
        raise KeyError(name)

    def link(self, one: str, other: str) -> Link:
        """The link between two clusters, in either order; KeyError if there is none."""
        for link in self.links:
            if {link.a, link.b} == {one, other}:
                return link
        raise KeyError((one, other))

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Every direction of every link, in the order of `links`."""
        return tuple(direction for link in self.links for direction in link.directions)

    def ordinals(self, direction: Direction) -> tuple[int, int]:
        """Ordinals of a direction's source and destination."""
        return self.cluster(direction.source).ordinal, self.cluster(direction.destination).ordinal

    def one_way_ns(self, *path: str) -> int:
        """Sum of the emulated one-way delays along a path of cluster names, ns."""
        return sum(self.link(a, b).one_way_ns for a, b in itertools.pairwise(path))


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
