"""What the controller process is told: one JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from controller.settings import ControllerSettings
from topologies.model import Cluster, Link, Topology


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
