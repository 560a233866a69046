"""When each fault begins and ends, and the state that every touched link direction has from then on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from typing import Literal

from results.plan import Fault
from topologies.link_state import Jitter, LinkState
from topologies.model import Direction, Topology

Edge = tuple[int, Literal["start", "level", "end"]]
"""The number of a fault in the plan, and which of its edges: a level is a step of a ramp or a flap."""


_TimedEdge = tuple[int, int, Literal["start", "level", "end"]]


@dataclass(frozen=True, slots=True)
class Step:
    """At `at_ns` after media start these edges fall, and the touched directions take these states, all at once."""

    at_ns: int
    edges: tuple[Edge, ...]
    states: dict[Direction, LinkState]


def base_states(topology: Topology) -> dict[Direction, LinkState]:
    """Every link direction without faults."""
    return {
        direction: LinkState(delay_ns=link.one_way_ns, jitter=Jitter(link.jitter_ns) if link.jitter_ns else None)
        for link in topology.links
        for direction in link.directions
    }


def steps_of(topology: Topology, faults: Sequence[Fault]) -> tuple[Step, ...]:
    """The timeline in order; edges of one instant make one step, and overlapping faults compose."""
    edges = sorted(_edges(faults))
    return tuple(
        _step(topology, faults, at_ns, tuple((fault, edge) for _, fault, edge in group))
        for at_ns, group in groupby(edges, key=lambda edge: edge[0])
    )


def _edges(faults: Iterable[Fault]) -> list[_TimedEdge]:
    edges: list[_TimedEdge] = []
    for number, fault in enumerate(faults):
        edges += [(fault.at_ns, number, "start"), (fault.until_ns, number, "end")]
        edges += [(level.at_ns, number, "level") for level in fault.levels if level.at_ns > fault.at_ns]
    return edges


def _step(topology: Topology, faults: Sequence[Fault], at_ns: int, edges: tuple[Edge, ...]) -> Step:
    base = base_states(topology)
    touched = {direction for number, _ in edges for direction in faults[number].directions}
    states = {direction: state_at(faults, direction, base[direction], at_ns) for direction in sorted(touched)}
    return Step(at_ns, edges, states)


def state_at(faults: Iterable[Fault], direction: Direction, base: LinkState, at_ns: int) -> LinkState:
    """The state of a direction at a time after media start, under every fault of that time."""
    shares = ((fault, fault.share_at(at_ns)) for fault in faults if direction in fault.directions)
    changes = (fault.change if share == 1 else fault.change.scaled(share) for fault, share in shares if share)
    return reduce(lambda under, change: change.applied_to(under), changes, base)
