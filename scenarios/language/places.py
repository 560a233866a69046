"""Checks that clusters and links named in a scenario exist in its topology. Pure; yields problems."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from scenarios.language.document import DataPath, Problem
from scenarios.language.wording import quoted, suggestion
from topologies.model import Topology


def pair_problems(ends: tuple[str, str], path: DataPath, topology: Topology) -> Iterator[Problem]:
    """A problem unless these are two different clusters."""
    unknown = [list(unknown_cluster(end, (*path, index), topology)) for index, end in enumerate(ends)]
    yield from itertools.chain(*unknown)
    if not any(unknown) and ends[0] == ends[1]:
        yield Problem((*path, 1), f"{quoted(ends[1])} twice; write two different clusters")


def link_problems(ends: tuple[str, str], path: DataPath, topology: Topology) -> Iterator[Problem]:
    """A problem unless these are two different clusters with a link between them."""
    problems = list(pair_problems(ends, path, topology))
    yield from problems
    if not problems and set(ends) not in ({link.a, link.b} for link in topology.links):
        others = ", ".join(_neighbours(ends[0], topology)) or "nothing"
        yield Problem(path, f"no link {ends[0]}–{ends[1]} in {topology.name}; {ends[0]} is linked to {others}")


def _neighbours(cluster: str, topology: Topology) -> tuple[str, ...]:
    return tuple(there for here, there in topology.directions if here == cluster)


def unknown_cluster(name: str, path: DataPath, topology: Topology, at_key: bool = False) -> Iterator[Problem]:
    """A problem unless the topology has a cluster of this name."""
    names = [cluster.name for cluster in topology.clusters]
    if name not in names:
        yield Problem(path, f"unknown cluster {quoted(name)}; {suggestion(name, names)}", at_key)
