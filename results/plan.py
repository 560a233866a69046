"""What a run is to do, and on what: the first file of a run directory, complete enough to repeat the run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from controller.settings import ControllerSettings
from hostio.units import S
from relay_app.connections import ConnectionGroup
from relay_app.sessions import SessionGroup
from relay_app.versions.names import DEFAULT_VERSION
from topologies.links import LinkChange
from topologies.model import Direction, Topology

Comparison = Literal["<", "<=", "==", "!=", ">=", ">"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One scenario event: `what` happens to these directions from `at_ns` (after media start) to `until_ns`."""

    what: str
    at_ns: int
    until_ns: int
    directions: tuple[Direction, ...]
    change: LinkChange


@dataclass(frozen=True, slots=True)
class Expectation:
    """A stated expectation: a path into `summary.json`, compared with a number in that metric's own unit."""

    metric: str
    comparison: Comparison
    value: float
    text: str
    """As the scenario wrote it."""


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """Where the session directory lives, and which share of the records each relay holds before the media starts.

    Relays at either end of a session always hold its record: they served its set-up.
    """

    directory: str
    warm: dict[str, float]
    version: str = DEFAULT_VERSION
    versions: dict[str, str] = field(default_factory=dict)
    """Of the clusters whose relays run another version than `version`."""
    idle_ns: int = 300 * S
    """A session without packets for so long leaves the relays' caches."""
    lock_audit: bool = True

    def version_of(self, cluster: str) -> str:
        """The relay version of a cluster."""
        return self.versions.get(cluster, self.version)


@dataclass(frozen=True, slots=True)
class Environment:
    """The machine and the versions of a run, and which back ends were chosen, and why."""

    link_backend: Literal["netem", "userspace"]
    link_backend_reason: str
    datapath: Literal["kernel", "user"]
    datapath_reason: str
    kernel: str
    cpus: int
    privilege: Literal["root", "user namespace"]
    versions: dict[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """A run is a function of this and of nothing else."""

    scenario: str
    description: str
    seed: int
    duration_ns: int
    topology: Topology
    sessions: tuple[SessionGroup, ...]
    relays: RelaySettings
    controller: ControllerSettings
    faults: tuple[Fault, ...]
    expectations: tuple[Expectation, ...]
    wire_tick_ns: int
    """Timer quantum of the userspace wire."""
    connections: tuple[ConnectionGroup, ...] = ()
    environment: Environment | None = None
