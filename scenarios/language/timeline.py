"""When each fault begins and ends, and the state that every touched link direction has from then on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from typing import Literal, NamedTuple

from results.run_files.plan import Fault, Process
from topologies.link_state import Jitter, LinkState
from topologies.model import Direction, Topology

EdgeName = Literal["start", "level", "end"]
"""A level is a step of a ramp or a flap."""

Edge = tuple[int, EdgeName]
"""The number of a fault in the plan, and which of its edges."""


class TimedEdge(NamedTuple):
    """At `at_ns` after media start the fault of that number in the plan has this edge."""

    at_ns: int
    fault: int
    edge: EdgeName


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
    """The links' timeline in order; edges of one instant make one step, and overlapping faults compose."""
    edges = sorted(edge for edge in _edges(faults) if faults[edge.fault].process is None)
    return tuple(
        _step(topology, faults, at_ns, tuple((fault, edge) for _, fault, edge in group))
        for at_ns, group in groupby(edges, key=lambda edge: edge[0])
    )


def process_edges(faults: Sequence[Fault]) -> dict[Process, tuple[TimedEdge, ...]]:
    """The timeline of every process that faults strike, in order; faults on one process do not overlap."""
    edges = sorted(_edges(faults))
    process_faults = dict.fromkeys(fault.process for fault in faults if fault.process)
    return {
        process: tuple(edge for edge in edges if faults[edge.fault].process == process) for process in process_faults
    }


def _edges(faults: Iterable[Fault]) -> list[TimedEdge]:
    edges: list[TimedEdge] = []
    for number, fault in enumerate(faults):
        edges += [TimedEdge(fault.at_ns, number, "start"), TimedEdge(fault.until_ns, number, "end")]
        edges += [TimedEdge(level.at_ns, number, "level") for level in fault.levels if level.at_ns > fault.at_ns]
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
