"""The health of all links and relays, as the detectors that the settings name find it together. Pure; times are ns."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from controller.decisions import HealthChange
from controller.detectors import DETECTORS, HealthDetector
from controller.health import CanaryPath, Health, MonitoredPath, RelayHealth, worse
from controller.messages import Evidence
from controller.settings import ControllerSettings
from topologies.model import Direction, Topology


class HealthWatch:
    """Gives every detector all evidence, in the order of `DETECTORS`, and combines what they say of each path."""

    def __init__(self, topology: Topology, settings: ControllerSettings) -> None:
        named = [make for detector, make in DETECTORS.items() if detector in settings.detect]
        self._detectors: list[HealthDetector] = [make(topology, settings) for make in named]
        self._last_unhealthy_ns: dict[CanaryPath, int] = {}
        self.begun = False

    def begin(self, now_ns: int) -> list[HealthChange]:
        """Judge from now on; the changes that earlier evidence makes at once."""
        self.begun = True
        return [change for detector in self._detectors for change in detector.begin(now_ns)]

    def observe(self, evidence: Evidence, now_ns: int) -> list[HealthChange]:
        """Evidence arrived; KeyError if it names no path that there is."""
        return [change for detector in self._detectors for change in detector.observe(evidence, now_ns)]

    def tick(self, now_ns: int) -> list[HealthChange]:
        """Judge every link and relay on the evidence so far."""
        changes = []
        for detector in self._detectors:
            changes += detector.tick(now_ns, self.links)
        for path, relay in self.relays.items():
            if relay.unhealthy:
                self._last_unhealthy_ns[path] = now_ns
        return changes

    @property
    def known(self) -> bool:
        """The watch has begun, and the health of everything that can be judged is known."""
        return self.begun and all(detector.known for detector in self._detectors)

    @property
    def links(self) -> dict[Direction, Health]:
        """Of every direction of every link; empty before the watch began."""
        return {path: health for path, health in self._combined().items() if isinstance(path, Direction)}

    @property
    def relays(self) -> dict[CanaryPath, RelayHealth]:
        """Of every relay, by observer; empty if no detector watches relays."""
        return {
            path: RelayHealth(health, self._last_unhealthy_ns.get(path))
            for path, health in self._combined().items()
            if isinstance(path, CanaryPath)
        }

    def _combined(self) -> dict[MonitoredPath, Health]:
        return combined(chain.from_iterable(detector.health.items() for detector in self._detectors))


def combined(found: Iterable[tuple[MonitoredPath, Health]]) -> dict[MonitoredPath, Health]:
    """One health per path: the worst that any detector found."""
    healths: dict[MonitoredPath, Health] = {}
    for path, health in found:
        healths[path] = worse(healths[path], health) if path in healths else health
    return healths
