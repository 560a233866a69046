"""Topologies and probes that several tests of this room share."""

from __future__ import annotations

from itertools import combinations

from controller.health import Health, State
from hostio.timing import MS
from relay_app.probing.probe_report import ProbeReport
from topologies.model import Cluster, Direction, Link, Topology

PLACES = {"east": 0, "ohio": 6, "central": 15, "south": 18, "west": 31, "northwest": 35}
"""One-way delays between them, in ms, are the differences plus one."""


def mesh(*names: str) -> Topology:
    clusters = tuple(Cluster(name, ordinal) for ordinal, name in enumerate(names, 1))
    links = tuple(Link.alike(a, b, (abs(PLACES[a] - PLACES[b]) + 1) * MS) for a, b in combinations(names, 2))
    return Topology("mesh", clusters, links)


def triangle() -> Topology:
    return mesh("east", "central", "west")


def six() -> Topology:
    return mesh(*PLACES)


def all_clean(topology: Topology, since_ns: int = 0) -> dict[Direction, Health]:
    return {direction: Health("clean", since_ns, "loss and delay within bounds") for direction in topology.directions}


def broken(reason: str = "no probe for 251 ms", state: State = "down", since_ns: int = 7) -> Health:
    return Health(state, since_ns, reason)


def probe(
    sequence: int, delay_ns: int, interval_ns: int = 50 * MS, source: int = 1, destination: int = 2
) -> ProbeReport:
    sent_ns = sequence * interval_ns
    return ProbeReport(source, destination, sequence, sent_ns, sent_ns + delay_ns)
