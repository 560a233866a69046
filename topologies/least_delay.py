"""Paths of least delay through a partial mesh. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import NamedTuple

Ends = tuple[str, str]
"""A source and a destination."""


class _Reached(NamedTuple):
    """A node from which the destination is `delay_ns` and `hops` links away, over `following` as the next node."""

    delay_ns: int
    hops: int
    order: int
    """Of equals the node that comes first in order is settled first, so that paths do not depend on chance."""
    node: str
    following: str


def least_delay_paths(nodes: Sequence[str], delays_ns: Mapping[Ends, int]) -> dict[Ends, tuple[str, ...]]:
    """The path from every node to every other one that links lead to: nodes from source to destination.

    `delays_ns`: of each direction of each link. Nodes with a link take it; others go where the delay in sum is least
    (Dijkstra 1959), then where the links are fewest, then by the order of nodes. Each node on a path goes on as its own
    path to that destination does, so that it suffices for a switch to know the next hop to each destination.
    """
    paths: dict[Ends, tuple[str, ...]] = {}
    for destination in nodes:
        following = _following(nodes, delays_ns, destination)
        for source in following:
            path = [source]
            while path[-1] != destination:
                path.append(following[path[-1]])
            paths[source, destination] = tuple(path)
    return paths


def _following(nodes: Sequence[str], delays_ns: Mapping[Ends, int], destination: str) -> dict[str, str]:
    """The next node towards a destination, by node."""
    order = {node: number for number, node in enumerate(nodes)}
    into: dict[str, list[str]] = {node: [] for node in nodes}
    for source, end in delays_ns:
        into[end].append(source)
    linked = {node: delays_ns[node, destination] for node in into[destination]}
    waiting = [_Reached(delay_ns, 1, order[node], node, destination) for node, delay_ns in linked.items()]
    heapq.heapify(waiting)
    following: dict[str, str] = {}
    while waiting:
        nearest = heapq.heappop(waiting)
        if nearest.node in following:
            continue
        following[nearest.node] = nearest.following
        for node in into[nearest.node]:
            if node != destination and node not in linked:
                delay_ns = nearest.delay_ns + delays_ns[node, nearest.node]
                heapq.heappush(waiting, _Reached(delay_ns, nearest.hops + 1, order[node], node, nearest.node))
    return following
