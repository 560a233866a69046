"""When switches may have moved lanes by themselves, and to which relay (docs/local-repair.md). Pure; times are ns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from controller.decisions import HealthChange
from controller.settings import ControllerSettings
from hostio.timing import MS, S
from results.metrics.analysis import Evidence
from results.oracle.mesh import Mesh, Relays
from results.oracle.windows import CACHED_NS, Window
from results.run_files.faults import Freeze, LinkFault, Process
from topologies.model import Direction

_UP_WITHIN_NS = 5 * S
"""A BFD session that is down sends a packet a second at most (RFC 5880 §6.8.3), and is up again after three (§6.2)."""

_TOLD_WITHIN_NS = 1 * S
"""So long after a session went down the controller may hear of it."""


def is_switched_on(settings: ControllerSettings) -> bool:
    """Whether switches have groups: with BFD, where all lanes of a pair move to the nearest relay at once."""
    return settings.bfd and settings.reroute and settings.policy.name == "failover" and not settings.move_pace_ns


class RepairWindows:
    """`repairs`: the relays that the model would take if a pair's link alone went down as well, at some time."""

    def __init__(self, evidence: Evidence, mesh: Mesh, repairs: Mapping[Direction, Sequence[Relays]]) -> None:
        self.switched_on = is_switched_on(evidence.plan.controller)
        self._evidence, self._mesh, self._repairs = evidence, mesh, repairs

    def of(self, pair: Direction) -> list[Window]:
        """The link, or a relay in its place, while a BFD session of either may have been down."""
        if not self.switched_on or len(self._mesh.both_ways(pair)) != 2:
            return []
        spans = [*self._spans(pair)]
        return [Window(path, *span) for span in spans for path in ((), *self._repairs.get(pair, ()))]

    def _spans(self, pair: Direction) -> Iterator[tuple[int, int]]:
        for each in self._evidence.applied_faults:
            of_link = isinstance(each.fault, LinkFault) and not {*each.fault.directions}.isdisjoint(
                self._mesh.both_ways(pair)
            )
            frozen = getattr(each.fault, "process", None) == Process("switches")
            if of_link or (frozen and isinstance(getattr(each.fault, "action", None), Freeze)):
                yield each.from_ns, each.until_ns + _UP_WITHIN_NS
        down_ns: int | None = None
        for change in self._evidence.of(HealthChange):
            if change.detector == "bfd" and (change.source, change.destination) == pair:
                if change.after != "clean":
                    down_ns = change.at_ns
                elif down_ns is not None:
                    yield down_ns - _TOLD_WITHIN_NS, change.at_ns + CACHED_NS + 10 * MS
                    down_ns = None
        if down_ns is not None:
            yield down_ns - _TOLD_WITHIN_NS, 1 << 61
