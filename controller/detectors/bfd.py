"""The detector `bfd`: every link, from the BFD sessions (RFC 5880) that the switches at its ends run themselves. Pure.

A switch says how its session is by the state of the port, which is live only while the session is up, and it says so at
once. Open vSwitch writes it into its database as well, but may hold it back there for 100 ms after an earlier change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from controller.decisions import HealthChange
from controller.health import Health, MonitoredPath, State
from controller.messages import Evidence, PortState
from controller.settings import ControllerSettings
from hostio.timing import S
from topologies.model import Direction, Link, Topology

Finding = Literal["sessions up", "session down", "session never up"]

TRANSITIONS: dict[tuple[State, Finding], State] = {
    ("unknown", "sessions up"): "clean",
    ("unknown", "session down"): "unknown",
    ("unknown", "session never up"): "down",
    ("clean", "sessions up"): "clean",
    ("clean", "session down"): "down",
    ("down", "sessions up"): "clean",
    ("down", "session down"): "down",
}
"""What is missing cannot happen: only of a link that is unknown is it found that its session never came up. No link is
degraded: BFD tells whether any of so many packets in a row arrives, not how many, nor how late."""

START_UP_NS = 5 * S
"""A link whose session never came up is down this long after the watch began. A session that is not up sends a packet a
second at most (§6.8.3), and needs three (§6.2)."""


class BfdDetector:
    """Both directions of a link are down while the session at either end is: the end that receives nothing any more
    tells the other one, which goes down as well (§6.8.6), and a fault in one direction cannot be told from one in both.
    """

    def __init__(self, topology: Topology, settings: ControllerSettings) -> None:  # noqa: ARG002 (all are made alike)
        self._links = {link: topology.ordinals(link.directions[0]) for link in topology.links}
        self._names = {cluster.ordinal: cluster.name for cluster in topology.clusters}
        self._live: set[tuple[int, int]] = set()
        """Switch and port number, which on a WAN port is the ordinal of the cluster at the other end."""
        self._healths: dict[Link, Health] = {}
        self._begun_ns = 0

    def begin(self, now_ns: int) -> list[HealthChange]:
        """Judge from now on, by the sessions as they are."""
        self._begun_ns = now_ns
        self._healths = dict.fromkeys(self._links, Health("unknown", now_ns, "no BFD session yet"))
        return [change for link in self._links for change in self._judge(link, now_ns)]

    def observe(self, evidence: Evidence, now_ns: int) -> list[HealthChange]:
        """The state of a port."""
        if not isinstance(evidence, PortState):
            return []
        end = (evidence.switch, evidence.port)
        (self._live.add if evidence.up and evidence.live else self._live.discard)(end)
        found = [link for link, ends in self._links.items() if end in (ends, ends[::-1])]
        return [change for link in found if self._healths for change in self._judge(link, now_ns)]

    def resume(self, now_ns: int) -> None:
        """Nothing is missing: what switches say arrives late, and in order."""

    def tick(self, now_ns: int, links: Mapping[Direction, Health]) -> list[HealthChange]:  # noqa: ARG002 (protocol)
        """Find the sessions that did not come up."""
        if self.known or now_ns < self._begun_ns + START_UP_NS:
            return []
        late = [link for link, health in self._healths.items() if health.state == "unknown"]
        reason = f"no BFD session in the first {START_UP_NS // S} s"
        return [change for link in late for change in self._change(link, "session never up", reason, now_ns)]

    @property
    def health(self) -> Mapping[MonitoredPath, Health]:
        """Of every direction."""
        return {direction: health for link, health in self._healths.items() for direction in link.directions}

    @property
    def known(self) -> bool:
        """No direction is unknown any more."""
        return all(health.state != "unknown" for health in self._healths.values())

    def _judge(self, link: Link, now_ns: int) -> list[HealthChange]:
        here, there = self._links[link]
        ends = ((here, there), (there, here))
        down = [self._names[end[0]] for end in ends if end not in self._live]
        if not down:
            return self._change(link, "sessions up", "BFD sessions up", now_ns)
        return self._change(link, "session down", f"BFD session down at {' and '.join(down)}", now_ns)

    def _change(self, link: Link, finding: Finding, reason: str, now_ns: int) -> list[HealthChange]:
        before = self._healths[link].state
        after = TRANSITIONS[before, finding]
        if after == before:
            return []
        self._healths[link] = Health(after, now_ns, reason)
        return [HealthChange(*ends, before, after, now_ns, reason, "bfd") for ends in link.directions]
