"""The health of all links and relays, as the detectors that the settings name find it together. Pure; times are ns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from controller.damping import LinkDamping
from controller.decisions import HealthChange, HeldUp
from controller.detectors import DETECTORS, HealthDetector
from controller.health import Health, MonitoredPath, ObservedRelay, RelayHealth, worse
from controller.messages import Evidence
from controller.settings import ControllerSettings
from hostio.timing import MS
from topologies.model import Direction, Topology

_LATE_NS = 100 * MS
"""So late the controller may be however soon it is to detect: its socket holds the reports of that time.

It goes by time and not by what is lost: how many reports wait depends on each prober's send buffer, some 270, and that
one refused some is known only from what it sends next.
"""


class HealthWatch:
    """Gives every detector all evidence, in the order of `DETECTORS`, and combines what they say of each path."""

    def __init__(self, topology: Topology, settings: ControllerSettings) -> None:
        named = [make for detector, make in DETECTORS.items() if detector in settings.detect]
        self._detectors: list[HealthDetector] = [make(topology, settings) for make in named]
        self._damping = LinkDamping(settings) if settings.damping else None
        self._found: Mapping[Direction, Health] = {}
        """The health of links as detectors find it, without damping."""
        self._last_unhealthy_ns: dict[ObservedRelay, int] = {}
        detection_ns = settings.detect_multiplier * settings.probe_interval_ns
        self._longest_gap_ns = max(detection_ns, _LATE_NS)
        self._last_tick_ns: int | None = None
        self.begun = False
        self.links: Mapping[Direction, Health] = {}
        """Of every direction of every link; empty before the watch began."""
        self.relays: Mapping[ObservedRelay, RelayHealth] = {}
        """Of every relay, by observer; empty if no detector watches relays."""

    def begin(self, now_ns: int) -> list[HealthChange]:
        """Judge from now on; the changes that earlier evidence makes at once."""
        self.begun = True
        changes = [change for detector in self._detectors for change in detector.begin(now_ns)]
        self._combine()
        return [*changes, *self._damp(now_ns)]

    def observe(self, evidence: Evidence, now_ns: int) -> list[HealthChange]:
        """Evidence arrived; KeyError if it names no path that there is."""
        changes = [change for detector in self._detectors for change in detector.observe(evidence, now_ns)]
        if changes:
            self._combine()
            changes += self._damp(now_ns)
        return changes

    def tick(self, now_ns: int) -> list[HealthChange | HeldUp]:
        """Judge every link and relay on the evidence so far, or what remains of it if the last tick was long ago."""
        changes: list[HealthChange | HeldUp] = []
        last_ns, self._last_tick_ns = self._last_tick_ns, now_ns
        if self.begun and last_ns is not None and now_ns - last_ns > self._longest_gap_ns:
            changes.append(HeldUp(last_ns, now_ns))
            for detector in self._detectors:
                detector.resume(now_ns)
        for detector in self._detectors:
            changes += detector.tick(now_ns, self._found)
            # Before the next detector: whether a relay is to be judged depends on what this tick found of its links.
            self._combine()
        unhealthy = [path for path, relay in self.relays.items() if relay.unhealthy]
        if unhealthy:
            self._last_unhealthy_ns.update(dict.fromkeys(unhealthy, now_ns))
            self._combine()
        return [*changes, *self._damp(now_ns)]

    @property
    def known(self) -> bool:
        """The watch has begun, and the health of everything that can be judged is known."""
        return self.begun and all(detector.known for detector in self._detectors)

    def _damp(self, now_ns: int) -> list[HealthChange]:
        if self._damping is None or not self.begun:
            return []
        changes = self._damping.observe(self._found, now_ns)
        self.links = self._damping.applied(self._found)
        return changes

    def _combine(self) -> None:
        found = combined(chain.from_iterable(detector.health.items() for detector in self._detectors))
        self._found = {path: health for path, health in found.items() if isinstance(path, Direction)}
        self.links = self._damping.applied(self._found) if self._damping else self._found
        self.relays = {
            path: RelayHealth(health, self._last_unhealthy_ns.get(path))
            for path, health in found.items()
            if isinstance(path, ObservedRelay)
        }


def combined(found: Iterable[tuple[MonitoredPath, Health]]) -> dict[MonitoredPath, Health]:
    """One health per path: the worst that any detector found."""
    healths: dict[MonitoredPath, Health] = {}
    for path, health in found:
        healths[path] = worse(healths[path], health) if path in healths else health
    return healths
