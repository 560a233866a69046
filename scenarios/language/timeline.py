"""The timeline of faults: their edges in order, and the states of link directions from each edge on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import groupby
from typing import Literal, NamedTuple

from results.run_files.faults import Fault, LinkFault, Process, ProcessFault
from topologies.link_state import LinkChange, LinkState, Matched
from topologies.model import Direction, Topology

EdgeName = Literal["start", "level", "end"]
"""Edges of a fault; a level is a step of a ramp or a flap."""

Edge = tuple[int, EdgeName]
"""The index of a fault in the plan, and an edge of it."""


class TimedEdge(NamedTuple):
    """An edge of a fault (by index in the plan), `at_ns` after the media start."""

    at_ns: int
    fault: int
    edge: EdgeName


@dataclass(frozen=True, slots=True)
class Step:
    """All edges at one instant, `at_ns` after the media start, and the states that directions have from then on."""

    at_ns: int
    edges: tuple[Edge, ...]
    states: dict[Direction, LinkState]


def steps_of(topology: Topology, faults: Sequence[Fault]) -> tuple[Step, ...]:
    """The timeline of the links, in order. Edges at one instant make one step, so that a state between them is never
    applied; where faults overlap, their changes are combined."""
    edges = sorted(edge for edge in _edges(faults) if isinstance(faults[edge.fault], LinkFault))
    return tuple(
        _step(topology, faults, at_ns, tuple((fault, edge) for _, fault, edge in group))
        for at_ns, group in groupby(edges, key=lambda edge: edge[0])
    )


def process_edges(faults: Sequence[Fault]) -> dict[Process, tuple[TimedEdge, ...]]:
    """The timeline of every process with faults, in order; faults on one process do not overlap."""
    process_of = {number: fault.process for number, fault in enumerate(faults) if isinstance(fault, ProcessFault)}
    found: dict[Process, list[TimedEdge]] = {process: [] for process in process_of.values()}
    for edge in sorted(_edges(faults)):
        if edge.fault in process_of:
            found[process_of[edge.fault]].append(edge)
    return {process: tuple(edges) for process, edges in found.items()}


def _edges(faults: Iterable[Fault]) -> list[TimedEdge]:
    edges: list[TimedEdge] = []
    for number, fault in enumerate(faults):
        edges += [TimedEdge(fault.at_ns, number, "start"), TimedEdge(fault.until_ns, number, "end")]
        edges += [TimedEdge(level.at_ns, number, "level") for level in fault.levels if level.at_ns > fault.at_ns]
    return edges


def _step(topology: Topology, faults: Sequence[Fault], at_ns: int, edges: tuple[Edge, ...]) -> Step:
    base = topology.base_states
    changing = (faults[number] for number, _ in edges)
    touched = {direction for fault in changing if isinstance(fault, LinkFault) for direction in fault.directions}
    states = {direction: state_at(faults, direction, base[direction], at_ns) for direction in sorted(touched)}
    return Step(at_ns, edges, states)


def state_at(faults: Iterable[Fault], direction: Direction, base: LinkState, at_ns: int) -> LinkState:
    """The state of a direction `at_ns` after the media start, under all faults at that time. `base`: without faults.

    Faults of matching frames are applied last, and all choose the same frames.
    """
    on_it = (fault for fault in faults if isinstance(fault, LinkFault) and direction in fault.directions)
    now = [(fault, change) for fault in on_it if (change := fault.change_at(at_ns))]
    state = _changed(base, (change for fault, change in now if not fault.match))
    match = next((fault.match for fault, _ in now if fault.match), None)
    if match is None:
        return state
    own = _changed(state, (change for fault, change in now if fault.match))
    return replace(state, matched=Matched(match, own))


def _changed(state: LinkState, changes: Iterable[LinkChange]) -> LinkState:
    """A state under changes."""
    return reduce(lambda under, change: change.applied_to(under), changes, state)
