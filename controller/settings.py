"""What a scenario may set about detection and rerouting, and what the controller process is told: one JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from hostio.timing import MS, S
from topologies.model import Cluster, Link, Topology

Detector = Literal["link", "relay-canary"]


@dataclass(frozen=True, slots=True)
class Within:
    """As metadata of a setting's type: its bounds, as a scenario would write them."""

    least: str
    most: str


ProbeInterval = Annotated[int, Within("5ms", "10s")]
Delay = Annotated[int, Within("1us", "10s")]
Duration = Annotated[int, Within("0s", "1440min")]


@dataclass(frozen=True, slots=True)
class ControllerSettings:
    """Detection and rerouting; a link is rerouted when either direction is not clean.

    A direction is *down* when no probe arrived for `detect_multiplier` × `probe_interval_ns` (as BFD's detection
    time, RFC 5880 §6.8.4), *degraded* when of the last `loss_window` probes due more than `max_loss` are missing or
    their median delay exceeds the link's own by more than `max_extra_delay_ns`. Traffic returns once both
    directions have been clean for `hold_ns` (wait-to-restore, ITU-T G.808.1).

    `detect`: one-way probes of the links always; with `relay-canary` also media through every relay, one packet per
    `canary_interval_ns`, judged like the probes. A relay that was sick gets no traffic for `hold_ns` after it.

    `pace_ns`: a move onto a relay takes its lanes one after another over this time; 0: all at once.
    """

    reroute: bool = True
    detect: tuple[Detector, ...] = ("link",)
    probe_interval_ns: ProbeInterval = 50 * MS
    detect_multiplier: Annotated[int, Within("1", "255")] = 5
    loss_window: Annotated[int, Within("1", "1000")] = 20
    max_loss: float = 0.2
    max_extra_delay_ns: Delay = 50 * MS
    hold_ns: Duration = 3 * S
    canary_interval_ns: ProbeInterval = 100 * MS
    pace_ns: Duration = 0

    @property
    def canaries(self) -> bool:
        """Whether relays are watched."""
        return "relay-canary" in self.detect


@dataclass(frozen=True, slots=True)
class ControllerConfig:
    """`telemetry`: Unix datagram socket to bind for probe reports. `decisions`: JSONL log to append to."""

    topology: Topology
    settings: ControllerSettings
    telemetry: Path
    decisions: Path
    listen_host: str = "127.0.0.1"
    listen_port: int = 6653

    def to_json(self) -> str:
        """The text that `from_json` reads back."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> ControllerConfig:
        """The configuration in a text; KeyError, TypeError or ValueError if it is not one."""
        document = json.loads(text)
        return cls(
            topology=_topology(document["topology"]),
            settings=_settings(document["settings"]),
            telemetry=Path(document["telemetry"]),
            decisions=Path(document["decisions"]),
            listen_host=document["listen_host"],
            listen_port=document["listen_port"],
        )


def _settings(document: dict[str, Any]) -> ControllerSettings:
    return ControllerSettings(**{**document, "detect": tuple(document["detect"])})


def _topology(document: dict[str, Any]) -> Topology:
    clusters = tuple(Cluster(**cluster) for cluster in document["clusters"])
    links = tuple(Link(**link) for link in document["links"])
    return Topology(document["name"], clusters, links)
