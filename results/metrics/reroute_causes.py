"""Which detector saw the reason of a reroute, and which fault that was. Pure; times are ns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from controller.decisions import Decision, HealthChange
from controller.health import ObservedRelay
from results.metrics.analysis import Evidence
from results.run_files.faults import Fault, LinkFault, Process, ProcessFault
from topologies.model import Direction, Topology


@dataclass(frozen=True, slots=True)
class Cause:
    """A fault that was applied at `at_ns`."""

    at_ns: int
    fault: Fault

    def beyond_ns(self, topology: Topology, way: Sequence[str]) -> int | None:
        """Nominal delay of a way, as names of clusters with relays, from the fault's place on it; None if the fault is
        not on it. A link loses frames where they enter it, and a relay where it is."""
        if isinstance(self.fault, ProcessFault):
            cluster = self.fault.process.cluster
            return topology.one_way_ns(*way[way.index(cluster) :]) if cluster in way else None
        hops = topology.hops(*way)
        struck = [place for place, hop in enumerate(hops) if hop in self.fault.directions]
        return sum(topology.one_ways[hop].delay_ns for hop in hops[struck[0] :]) if struck else None


def seen_by(evidence: Evidence, move: Decision) -> HealthChange | None:
    """The change of health that a move is due to: one of the instant that it names, of the path in its reason; None if
    the log has none."""
    changes = [each for each in evidence.of(HealthChange) if each.at_ns == move.seen_ns and each.after != "clean"]
    return next((each for each in changes if str(each.path) in move.reason), next(iter(changes), None))


def cause_of(evidence: Evidence, move: Decision, seen: HealthChange | None) -> Cause | None:
    """The latest fault that began before a move's reason was seen: on the link that was seen, or on the relay; if it is
    not known what was seen, on the direct path."""
    return max(_causes(evidence, move, seen), key=lambda cause: cause.at_ns, default=None)


def _causes(evidence: Evidence, move: Decision, seen: HealthChange | None) -> Iterator[Cause]:
    topology, faults = evidence.plan.topology, evidence.plan.faults
    links = {*topology.hops(move.a, move.b), *topology.hops(move.b, move.a)}
    if seen is not None:
        one = Direction(seen.source, seen.destination)
        links = {one, one.reversed()}
    relay = seen.destination if seen is not None and isinstance(seen.path, ObservedRelay) else None
    for (number, edge), found in evidence.fault_edges.items():
        if edge == "start" and number < len(faults) and found.applied_first_ns <= move.seen_ns:
            fault = faults[number]
            if relay is None and isinstance(fault, LinkFault) and links & set(fault.directions):
                yield Cause(found.applied_first_ns, fault)
            if relay is not None and isinstance(fault, ProcessFault) and fault.process == Process("relay", relay):
                yield Cause(found.applied_first_ns, fault)
