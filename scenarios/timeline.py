"""When each fault begins and ends, and the state that every touched link direction has from then on. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from typing import Literal

from results.plan import Fault, Plan
from topologies.links import LinkState
from topologies.model import Direction, Topology

Edge = tuple[int, Literal["start", "end"]]
"""The number of a fault in the plan, and which of its edges."""


@dataclass(frozen=True, slots=True)
class Step:
    """At `at_ns` after media start these edges fall, and the touched directions take these states, all at once."""

    at_ns: int
    edges: tuple[Edge, ...]
    states: dict[Direction, LinkState]


def base_states(topology: Topology) -> dict[Direction, LinkState]:
    """Every link direction without faults."""
    return {
        direction: LinkState(delay_ns=link.one_way_ns, jitter_ns=link.jitter_ns)
        for link in topology.links
        for direction in link.directions
    }


def steps_of(plan: Plan) -> tuple[Step, ...]:
    """The plan's timeline in order; edges of one instant make one step, and overlapping faults compose."""
    edges = sorted(_edges(plan.faults))
    return tuple(
        _step(plan, at_ns, tuple((fault, edge) for _, fault, edge in group))
        for at_ns, group in groupby(edges, key=lambda edge: edge[0])
    )


def _edges(faults: Iterable[Fault]) -> list[tuple[int, int, Literal["start", "end"]]]:
    edges: list[tuple[int, int, Literal["start", "end"]]] = []
    for number, fault in enumerate(faults):
        edges += [(fault.at_ns, number, "start"), (fault.until_ns, number, "end")]
    return edges


def _step(plan: Plan, at_ns: int, edges: tuple[Edge, ...]) -> Step:
    active = [fault for fault in plan.faults if fault.at_ns <= at_ns < fault.until_ns]
    base = base_states(plan.topology)
    touched = {direction for number, _ in edges for direction in plan.faults[number].directions}
    return Step(at_ns, edges, {direction: _under(active, direction, base[direction]) for direction in sorted(touched)})


def _under(active: Iterable[Fault], direction: Direction, state: LinkState) -> LinkState:
    changes = (fault.change for fault in active if direction in fault.directions)
    return reduce(lambda under, change: change.applied_to(under), changes, state)
