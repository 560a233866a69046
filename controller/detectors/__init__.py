"""Detectors: what turns evidence (probes, canaries, media, port status, BFD) into the health of links and relays. Pure.

A further detector is one module here, one entry in `DETECTORS`, and its word in `settings.Detector`; if it needs
evidence of a new kind, that joins `messages.Evidence`. Where several detectors watch one path, the worst of them counts
(`HealthWatch`). May import `controller`, `relay_app`, `relay_app.probing`, `topologies` and `hostio`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from controller.decisions import HealthChange
from controller.detectors.bfd import BfdDetector
from controller.detectors.link import LinkDetector
from controller.detectors.receiver_reports import ReceiverReportDetector
from controller.detectors.relay_canary import RelayCanaryDetector
from controller.health import Health, MonitoredPath
from controller.messages import Evidence
from controller.settings import ControllerSettings, Detector
from topologies.model import Direction, Topology


class HealthDetector(Protocol):
    """Evidence and time in, changes of health out; all times are CLOCK_MONOTONIC ns."""

    def begin(self, now_ns: int) -> list[HealthChange]:
        """Judge from now on; the changes that evidence from before makes at once."""

    def observe(self, evidence: Evidence, now_ns: int) -> list[HealthChange]:
        """Take in evidence, before `begin` too, and ignore that of other detectors; KeyError if it names no path."""

    def resume(self, now_ns: int) -> None:
        """The controller did not run for a while: evidence of that time is missing in part, and proves nothing."""

    def tick(self, now_ns: int, links: Mapping[Direction, Health]) -> list[HealthChange]:
        """Judge the evidence so far. `links`: the health of links, by this tick's judgement of earlier detectors."""

    @property
    def health(self) -> Mapping[MonitoredPath, Health]:
        """Of every path it watches; empty before `begin`."""

    @property
    def known(self) -> bool:
        """No path that can be judged is still unknown."""


DETECTORS: Mapping[Detector, Callable[[Topology, ControllerSettings], HealthDetector]] = MappingProxyType(
    {
        "link": LinkDetector,
        "bfd": BfdDetector,
        "relay-canary": RelayCanaryDetector,
        "receiver-reports": ReceiverReportDetector,
    }
)
"""In the order in which they judge: detectors of links before the others, which ask for the health of links."""
