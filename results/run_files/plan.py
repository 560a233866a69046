"""What a run is to do, and on what: the first file of a run directory, complete enough to repeat the run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from controller.settings import ControllerSettings, Setting
from hostio.timing import MS, S
from relay_app.streams import ConnectionGroup, SessionGroup
from relay_app.versions.version_names import DEFAULT_VERSION
from topologies.link_state import LinkChange
from topologies.model import Direction, Topology, where


def _time(default_ns: int, meaning: str) -> int:
    return field(default=default_ns, metadata={"setting": Setting("time", meaning, "0s", "1min")})


def _share(default: float, meaning: str) -> float:
    return field(default=default, metadata={"setting": Setting("share", meaning)})


def _drops(meaning: str) -> int:
    return field(default=0, metadata={"setting": Setting("count", meaning, "0", "1000000")})


@dataclass(frozen=True, slots=True)
class FidelityLimits:
    """Within what the testbed must keep for a run to be believed; docs/fidelity.md says why each default is what it is.

    The only statement of the names, defaults, bounds and meanings of a scenario's `fidelity` section, which leaves the
    `_ns` off the names. Each field's metadata hold its `Setting`.
    """

    pacing_p99_ns: int = _time(10 * MS, "media: from when a packet was due until it was sent, 99th percentile")
    pacing_max_ns: int = _time(100 * MS, "the same, the worst packet")
    delay_p50_ns: int = _time(1 * MS, "probes that pass no relay: delay beyond the emulated one, median")
    delay_p99_ns: int = _time(10 * MS, "the same, 99th percentile")
    event_error_max_ns: int = _time(10 * MS, "every edge of an event: applied less planned, either end of the link")
    event_error_p99_ns: int = _time(5 * MS, "the same, 99th percentile, from a hundred edges on")
    link_lateness_p99_ns: int = _time(
        2 * MS, "userspace wire: from when a frame was due until its release, 99th percentile"
    )
    link_lateness_max_ns: int = _time(100 * MS, "the same, the worst frame")
    lateness_p99_ns: int = _time(
        5 * MS, "relays, clients and probers: from the deadline of a wake-up until the thread ran, 99th percentile"
    )
    lateness_max_ns: int = _time(100 * MS, "the same, the worst wake-up")
    steal: float = _share(0.05, "processor time that the machine's own host kept for others, all cores, whole run")
    steal_second: float = _share(0.25, "the same, of one core in one second")
    clock_step_ns: int = _time(1 * MS, "change from one second to the next of realtime less monotonic clock")
    socket_drops: int = _drops("packets lost in receive buffers, but those of a relay that stood still")
    port_drops: int = _drops("packets that switch ports dropped, but those that were corrupted by plan")
    emulator_drops: int = _drops("frames for which the userspace wire had no room")
    softnet_drops: int = _drops(
        "packets that found the kernel's receive backlog full, but those for a port that was planned to go down"
    )
    lost_upcalls: int = _drops("packets for which a switch could not ask its daemon")


DEFAULT_LIMITS = FidelityLimits()


Comparison = Literal["<", "<=", "==", "!=", ">=", ">"]


@dataclass(frozen=True, slots=True)
class Level:
    """From `at_ns` (after media start) on, a fault has this share of its strength."""

    at_ns: int
    share: float


@dataclass(frozen=True, slots=True)
class Process:
    """What a fault strikes that is no link: the relay of a cluster, the session directory, or the controller."""

    kind: Literal["relay", "directory", "controller"]
    cluster: str = ""

    def __str__(self) -> str:
        return f"the relay of {self.cluster}" if self.kind == "relay" else f"the {self.kind}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One blip of a scenario: `what` happens to these directions from `at_ns` (after media start) to `until_ns`.

    `levels` in between, where it ramps or flaps; before the first of them, and without any, it has its full strength.
    A fault on a `process` touches no direction; `extra_ns` is by how much longer that then takes to answer.
    """

    what: str
    at_ns: int
    until_ns: int
    directions: tuple[Direction, ...]
    change: LinkChange
    levels: tuple[Level, ...] = ()
    process: Process | None = None
    extra_ns: int = 0

    @property
    def where(self) -> str:
        """The directions as people say them, or the relay's cluster; empty where there is only one such process."""
        return self.process.cluster if self.process else where(self.directions)

    def share_at(self, at_ns: int) -> float:
        """The share of its strength at a time after media start; 0 before it begins, and from its end on."""
        if not self.at_ns <= at_ns < self.until_ns:
            return 0.0
        return next((level.share for level in reversed(self.levels) if level.at_ns <= at_ns), 1.0)


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
    link_backend_seeded: bool
    """Whether the run's seed decides what it loses; netem takes one since Linux and iproute2 6.6."""
    datapath: Literal["kernel", "user"]
    datapath_reason: str
    kernel: str
    cpus: int
    privilege: Literal["root", "user namespace"]
    clock: str
    """What drives the clock: `real`, or `virtual` and its speed."""
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
    links: Literal["auto", "netem", "userspace"] = "auto"
    """The link back end that the scenario asks for."""
    clock_shift: int = 1
    """In a virtual machine with a virtual clock an instruction takes 2^shift ns."""
    connections: tuple[ConnectionGroup, ...] = ()
    fidelity: FidelityLimits = DEFAULT_LIMITS
    """What the testbed must keep to for the run to be believed."""
    environment: Environment | None = None


def is_wired(plan: Plan) -> bool:
    """Whether the links of the run are those of the userspace wire, which tells what became of single frames."""
    return plan.environment is not None and plan.environment.link_backend == "userspace"
