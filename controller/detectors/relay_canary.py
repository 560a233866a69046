"""The detector `relay-canary`: relays, from media that an observer sends through a relay and gets back. Pure.

A canary crosses the link between observer and relay twice, so it tells of the relay only while that link is clean.
Whenever it was not, the canaries of before are forgotten: they would blame the relay for what the link lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from controller.decisions import HealthChange
from controller.detectors.tracker import Tracker
from controller.health import Health, MonitoredPath, ObservedRelay
from controller.messages import Evidence
from controller.settings import ControllerSettings
from hostio.timing import S
from relay_app.probing.probe_report import ProbeReport
from topologies.model import Direction, Topology

START_UP_NS = 2 * S
"""A relay that never returned a canary is down this long after the watch began."""


class RelayCanaryDetector:
    """Every relay, watched by every cluster with a link to it; canaries are judged as probes are, at their own rate."""

    def __init__(self, topology: Topology, settings: ControllerSettings) -> None:
        self._topology = topology
        self._settings = replace(settings, probe_interval_ns=settings.canary_interval_ns)
        self._paths = {topology.ordinals(each): ObservedRelay(*each) for each in topology.directions}
        """By the ordinals of observer and relay."""
        self._trackers: dict[ObservedRelay, Tracker] = {}
        self.known = True
        """No relay that a clean link leads to is unknown."""

    def begin(self, now_ns: int) -> list[HealthChange]:
        """Watch from now on."""
        self._trackers = {path: self._tracker(path, now_ns) for path in self._paths.values()}
        return []

    def observe(self, evidence: Evidence, now_ns: int) -> list[HealthChange]:  # noqa: ARG002 (protocol)
        """A canary came back; KeyError if its observer has no link to the relay."""
        if isinstance(evidence, ProbeReport) and evidence.via:
            self._trackers[self._paths[evidence.source, evidence.via]].report(evidence)
        return []

    def resume(self, now_ns: int) -> None:
        """Distrust what was found while nobody looked."""
        for tracker in self._trackers.values():
            tracker.resume(now_ns)

    def tick(self, now_ns: int, links: Mapping[Direction, Health]) -> list[HealthChange]:
        """Judge every relay that a clean link leads to, and forget what was known of the others."""
        judged = [path for path in self._trackers if all(links[way].state == "clean" for way in _both_ways(path))]
        for path in self._trackers.keys() - set(judged):
            self._forget(path, now_ns)
        changes = [change for path in judged for change in self._trackers[path].tick(now_ns)]
        self.known = all(self._trackers[path].health.state != "unknown" for path in judged)
        return changes

    @property
    def health(self) -> Mapping[MonitoredPath, Health]:
        """Of every relay, by observer."""
        return {path: tracker.health for path, tracker in self._trackers.items()}

    def _forget(self, path: ObservedRelay, now_ns: int) -> None:
        if self._trackers[path].health.state != "unknown":
            self._trackers[path] = self._tracker(path, now_ns)

    def _tracker(self, path: ObservedRelay, now_ns: int) -> Tracker:
        ways = [self._topology.one_ways[direction] for direction in _both_ways(path)]
        there_and_back = (sum(way.delay_ns for way in ways), sum(way.jitter_ns for way in ways))
        ends = (path.observer, path.relay)
        words = ("canary", "canaries")
        return Tracker(ends, *there_and_back, self._settings, now_ns, START_UP_NS, "relay-canary", words)


def _both_ways(path: ObservedRelay) -> tuple[Direction, Direction]:
    return Direction(path.observer, path.relay), Direction(path.relay, path.observer)
