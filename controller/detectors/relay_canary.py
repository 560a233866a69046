"""Health of relays, from canaries: media that an observer sends through a relay and gets back. Pure; times are ns.

A canary crosses the link between observer and relay twice, so it tells of the relay only while that link is clean;
whenever it was not, the watch begins anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from controller.decisions import HealthChange
from controller.health import Health, Tracker
from controller.settings import ControllerSettings
from hostio.timing import S
from relay_app.probing.probe_report import ProbeReport
from topologies.model import Direction, Topology

START_UP_NS = 2 * S
"""A relay that never returned a canary is down this long after the watch began."""


class RelayPath(NamedTuple):
    """From an observer through the relay of another cluster, and back."""

    observer: str
    relay: str

    def __str__(self) -> str:
        return f"{self.observer}'s canary through {self.relay}"


@dataclass(frozen=True, slots=True)
class RelayHealth:
    """What an observer knows of a relay: `health`, and when it was last known to be sick, if ever."""

    health: Health
    last_sick_ns: int | None = None

    @property
    def sick(self) -> bool:
        """Canaries are lost, or take too long. What is unknown is not sick."""
        return self.health.state not in ("clean", "unknown")


class RelayWatch:
    """The relays that can be watched, once it has begun: each by every cluster with a link to it."""

    def __init__(self, topology: Topology, settings: ControllerSettings) -> None:
        self._topology = topology
        self._settings = replace(settings, probe_interval_ns=settings.canary_interval_ns)
        self._trackers: dict[RelayPath, Tracker] = {}
        self._last_sick_ns: dict[RelayPath, int] = {}
        self.known = True
        """No relay that can be judged is still unknown."""

    def begin(self, now_ns: int) -> None:
        """Watch from now on, if the settings say so."""
        if self._settings.canaries:
            self._trackers = {
                RelayPath(*direction): self._tracker(RelayPath(*direction), now_ns)
                for direction in self._topology.directions
            }

    def report(self, path: RelayPath, report: ProbeReport) -> None:
        """A canary came back; KeyError if nobody watches that relay from there."""
        self._trackers[path].report(report)

    def tick(self, now_ns: int, links: Mapping[Direction, Health]) -> list[HealthChange]:
        """Judge every relay that a clean link leads to, and forget what was known of the others."""
        changes = []
        judged = [path for path in self._trackers if all(links[way].state == "clean" for way in _both_ways(path))]
        for path in self._trackers.keys() - set(judged):
            self._begin_anew(path, now_ns)
        for path in judged:
            changes += self._trackers[path].tick(now_ns)
            if self._now(path).sick:
                self._last_sick_ns[path] = now_ns
        self.known = all(self._trackers[path].health.state != "unknown" for path in judged)
        return changes

    @property
    def relays(self) -> dict[RelayPath, RelayHealth]:
        """What is known; empty if relays are not watched."""
        return {path: self._now(path) for path in self._trackers}

    def _now(self, path: RelayPath) -> RelayHealth:
        return RelayHealth(self._trackers[path].health, self._last_sick_ns.get(path))

    def _begin_anew(self, path: RelayPath, now_ns: int) -> None:
        if self._trackers[path].health.state != "unknown":
            self._trackers[path] = self._tracker(path, now_ns)

    def _tracker(self, path: RelayPath, now_ns: int) -> Tracker:
        link = self._topology.link(*path)
        there_and_back = (2 * link.one_way_ns, 2 * link.jitter_ns)
        return Tracker(path, *there_and_back, self._settings, now_ns, START_UP_NS, "relay-canary")


def _both_ways(path: RelayPath) -> tuple[Direction, Direction]:
    return Direction(*path), Direction(path.relay, path.observer)
