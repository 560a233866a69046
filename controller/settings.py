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
    """Detection and rerouting: a link is rerouted when either direction is down or degraded.

    Keys, bounds and defaults of a scenario's section `controller` are made of these fields.
    """

    reroute: bool = True
    """Whether traffic is moved at all, or links are only watched."""
    detect: tuple[Detector, ...] = ("link",)
    """What is watched: the links always, by one-way probes; with relay-canary also every relay, by media through it."""
    probe_interval_ns: ProbeInterval = 50 * MS
    """From one probe of a link direction to the next."""
    detect_multiplier: Annotated[int, Within("1", "255")] = 5
    """A direction is down when no probe arrived for this many intervals (as BFD's detection time, RFC 5880 §6.8.4)."""
    loss_window: Annotated[int, Within("1", "1000")] = 20
    """A direction is judged degraded, or not, by this many of the last probes due."""
    max_loss: float = 0.2
    """It is degraded when a larger share of them is missing."""
    max_extra_delay_ns: Delay = 50 * MS
    """It is degraded, too, when their median delay exceeds the link's own by more than this."""
    hold_ns: Duration = 3 * S
    """Traffic returns once both directions have been clean for this time (wait-to-restore, ITU-T G.808.1), and a relay
    that was sick gets none for as long after it."""
    canary_interval_ns: ProbeInterval = 100 * MS
    """From one canary packet through a relay to the next; they are judged like the probes."""
    pace_ns: Duration = 0
    """A move onto a relay takes its lanes one after another over this time; 0: all at once."""

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
