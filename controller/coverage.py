"""Which session records relays hold, as they say themselves. Pure; times are ns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.moves import Pair
from hostio.timing import S
from relay_app.coverage_report import CoverageReport
from topologies.model import Topology

STALE_NS = 3 * S
"""What a relay said so long ago says nothing of it: it reports once a second."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """By cluster of the relay: when it last reported, and of how many streams of each pair it had the record then."""

    reports: Mapping[str, tuple[int, Mapping[Pair, int]]] = field(default_factory=dict)

    def after(self, report: CoverageReport, topology: Topology) -> Coverage:
        """With a datagram of a report, of which there may be more of one time, unless a later one has come; KeyError if
        it names no cluster."""
        names = {cluster.ordinal: cluster.name for cluster in topology.clusters}
        relay = names[report.relay]
        told = {Pair((names[a], names[b])): count for (a, b), count in report.records.items()}
        at_ns, before = self.reports.get(relay, (report.at_ns, {}))
        if report.at_ns < at_ns:
            return self
        records = {**before, **told} if at_ns == report.at_ns else told
        return Coverage({**self.reports, relay: (report.at_ns, records)})

    def held(self, relay: str, pair: Pair, now_ns: int) -> int:
        """Of how many streams of a pair a relay has the record; 0 if it has not said so of late."""
        at_ns, records = self.reports.get(relay, (None, {}))
        return records.get(pair, 0) if at_ns is not None and now_ns - at_ns <= STALE_NS else 0


NO_COVERAGE = Coverage()
