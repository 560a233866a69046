"""What probers, relays and clients tell the controller, read with distrust: what cannot be is refused.

Pure; times are ns.
"""

from __future__ import annotations

import struct
from typing import TypeAlias

from hostio.timing import S
from relay_app.coverage_report import CoverageReport
from relay_app.media_report import MediaReport
from relay_app.probing.probe_report import ProbeReport, ReflectionReport
from topologies.model import Topology

_AHEAD_NS = 1 * S
"""All hosts have one clock, but the kernel stamps packets by another, which may be set meanwhile."""
_OLDEST_NS = 3600 * S


class TelemetryError(Exception):
    """A datagram that is no report, or of something that cannot be; says what."""


Telemetry: TypeAlias = ProbeReport | ReflectionReport | MediaReport | CoverageReport


class TelemetryReader:
    """Reads the datagrams of a run on one topology."""

    def __init__(self, topology: Topology) -> None:
        self._directions = {topology.ordinals(direction) for direction in topology.directions}
        self._joined = {topology.ordinals(ends) for ends in topology.paths}
        self._clusters = {cluster.ordinal for cluster in topology.clusters}

    def read(self, datagram: bytes, now_ns: int) -> Telemetry:
        """The report in a datagram that arrived by now (CLOCK_MONOTONIC); TelemetryError."""
        try:
            if CoverageReport.is_in(datagram):
                return self._coverage(CoverageReport.decode(datagram), now_ns)
            if MediaReport.is_in(datagram):
                return self._media(MediaReport.decode(datagram), now_ns)
            if ReflectionReport.is_in(datagram):
                return self._reflection(ReflectionReport.decode(datagram), now_ns)
            return self._probe(ProbeReport.decode(datagram), now_ns)
        except struct.error as error:
            raise TelemetryError(f"{len(datagram)} bytes that are no report ({error})") from error

    def _probe(self, report: ProbeReport, now_ns: int) -> ProbeReport:
        ends = (report.source, report.via or report.destination)
        if ends not in self._directions or (report.via and report.source != report.destination):
            raise TelemetryError(f"a probe of no link, from {report.source} to {report.destination} via {report.via}")
        in_order = report.sent_ns <= report.received_ns + _AHEAD_NS and report.received_ns <= now_ns + _AHEAD_NS
        if not in_order or now_ns - min(report.sent_ns, report.received_ns) > _OLDEST_NS:
            raise TelemetryError(f"a probe sent at {report.sent_ns} and received at {report.received_ns}")
        return report

    def _reflection(self, report: ReflectionReport, now_ns: int) -> ReflectionReport:
        if report.there.via:
            raise TelemetryError(f"a canary via {report.there.via} that was reflected")
        self._probe(report.there, now_ns)
        return report

    def _media(self, report: MediaReport, now_ns: int) -> MediaReport:
        strangers = [peer for peer in report.lanes if (report.cluster, peer) not in self._joined]
        if report.cluster not in self._clusters or strangers:
            raise TelemetryError(f"media of {report.cluster} with {strangers}, which no links join")
        if not now_ns - _OLDEST_NS <= report.at_ns <= now_ns + _AHEAD_NS:
            raise TelemetryError(f"media counted at {report.at_ns}")
        return report

    def _coverage(self, report: CoverageReport, now_ns: int) -> CoverageReport:
        unknown = {report.relay, *(end for pair in report.records for end in pair)} - self._clusters
        if unknown:
            raise TelemetryError(f"records of no cluster, {', '.join(map(str, sorted(unknown)))}")
        if not 0 <= report.at_ns <= now_ns + _AHEAD_NS:
            raise TelemetryError(f"records of a time to come, {report.at_ns}")
        return report
