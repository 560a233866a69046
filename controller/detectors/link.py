"""The detector `link`: every direction of every link, from its probes and the status of its ports.

A probe has one witness, the end at which it arrived; with `probes: stamp` a second one, the end that sent it, to which
it was reflected. So a prober whose own reports stop coming does not make a link look silent.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.decisions import HealthChange
from controller.detectors.tracker import Tracker
from controller.health import Health, MonitoredPath
from controller.messages import Evidence, PortState
from controller.settings import ControllerSettings
from relay_app.probing.probe_report import ProbeReport, ReflectionReport
from topologies.model import Direction, Link, Topology


class LinkDetector:
    """Port status is one end's word on both directions; a probe tells of its own direction only."""

    def __init__(self, topology: Topology, settings: ControllerSettings) -> None:
        self._topology = topology
        self._settings = settings
        self._links = {frozenset(topology.ordinals(link.directions[0])): link for link in topology.links}
        self._directions = {topology.ordinals(direction): direction for direction in topology.directions}
        self._trackers: dict[Direction, Tracker] = {}
        self._down_ports: set[tuple[int, int]] = set()
        """Switch and port number, which on a WAN port is the ordinal of the cluster at the other end."""

    def begin(self, now_ns: int) -> list[HealthChange]:
        """Watch from now on; ports that went down earlier count."""
        for direction, way in self._topology.one_ways.items():
            self._trackers[direction] = Tracker(direction, way.delay_ns, way.jitter_ns, self._settings, now_ns)
        down = [link for link in self._topology.links if self._port_down(link)]
        return [change for link in down for change in self._follow_ports(link, now_ns)]

    def observe(self, evidence: Evidence, now_ns: int) -> list[HealthChange]:
        """A probe arrived or came back, or a port went up or down; KeyError if a probe's ends have no link."""
        if isinstance(evidence, PortState):
            return self._port_state(evidence, now_ns)
        if isinstance(evidence, ReflectionReport):
            self._trackers[self._directions[evidence.there.source, evidence.there.destination]].reflection(evidence)
        elif isinstance(evidence, ProbeReport) and not evidence.via:
            self._trackers[self._directions[evidence.source, evidence.destination]].report(evidence)
        return []

    def resume(self, now_ns: int) -> None:
        """Distrust what was found while nobody looked."""
        for tracker in self._trackers.values():
            tracker.resume(now_ns)

    def tick(self, now_ns: int, links: Mapping[Direction, Health]) -> list[HealthChange]:  # noqa: ARG002 (protocol)
        """Judge every direction."""
        return [change for tracker in self._trackers.values() for change in tracker.tick(now_ns)]

    @property
    def health(self) -> Mapping[MonitoredPath, Health]:
        """Of every direction."""
        return {direction: tracker.health for direction, tracker in self._trackers.items()}

    @property
    def known(self) -> bool:
        """No direction is unknown any more."""
        return all(tracker.health.state != "unknown" for tracker in self._trackers.values())

    def _port_state(self, event: PortState, now_ns: int) -> list[HealthChange]:
        link = self._links.get(frozenset((event.switch, event.port)))
        if link is None:
            return []
        was_down = self._port_down(link)
        (self._down_ports.discard if event.up else self._down_ports.add)((event.switch, event.port))
        if self._port_down(link) == was_down or not self._trackers:
            return []
        return self._follow_ports(link, now_ns)

    def _port_down(self, link: Link) -> bool:
        here, there = self._topology.ordinals(link.directions[0])
        return not self._down_ports.isdisjoint(((here, there), (there, here)))

    def _follow_ports(self, link: Link, now_ns: int) -> list[HealthChange]:
        """A port is full duplex: either end's port down takes both directions of the link with it."""
        trackers = [self._trackers[direction] for direction in link.directions]
        if self._port_down(link):
            return [change for tracker in trackers for change in tracker.port_down(now_ns)]
        return [change for tracker in trackers for change in tracker.port_up(now_ns)]
