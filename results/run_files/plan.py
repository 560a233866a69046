"""The plan of a run (`plan.json`), written before anything starts; it suffices to repeat the run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from controller.settings import ControllerSettings, Setting
from hostio.timing import MS, S
from relay_app.program_media import PROGRAM_MEDIA
from relay_app.streams import ConnectionGroup, SessionGroup
from relay_app.versions.version_names import DEFAULT_VERSION
from relay_app.webrtc_calls import CallGroup
from results.run_files.captured import NOTHING_CAPTURED, Captured
from results.run_files.faults import Fault, Forget, LinkFault, ProcessFault
from results.run_files.relay_program import RelayProgram
from results.run_files.run_formats import RUN_FORMAT
from topologies.back_ends import CAPABILITIES, BackendName
from topologies.capabilities import Capabilities
from topologies.link_state import LinkChange
from topologies.model import Direction, Topology


def _time(default_ns: int, meaning: str) -> int:
    return field(default=default_ns, metadata={"setting": Setting("time", meaning, "0s", "1min")})


def _share(default: float, meaning: str) -> float:
    return field(default=default, metadata={"setting": Setting("share", meaning)})


def _drops(meaning: str) -> int:
    return field(default=0, metadata={"setting": Setting("count", meaning, "0", "1000000")})


@dataclass(frozen=True, slots=True)
class FidelityLimits:
    """Limits of the fidelity checks; docs/fidelity.md gives the reason for each default."""

    # Single source of names (there without `_ns`), defaults, bounds and meanings of a scenario's `fidelity` section:
    # schema, parser and checks are made of it.

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
    socket_drops: int = _drops(
        "packets lost in receive buffers, but those of a relay that stood still, or of a program that had the processor"
    )
    port_drops: int = _drops("packets that switch ports dropped, but those that were corrupted by plan")
    emulator_drops: int = _drops("frames for which the userspace wire had no room")
    softnet_drops: int = _drops(
        "packets that found the kernel's receive backlog full, but those for a port that was planned to go down"
    )
    lost_upcalls: int = _drops("packets for which a switch could not ask its daemon")


DEFAULT_LIMITS = FidelityLimits()


Comparison = Literal["<", "<=", "==", "!=", ">=", ">"]


@dataclass(frozen=True, slots=True)
class Condition:
    """What has to hold of single sessions, or of single directions of them."""

    of: Literal["sessions", "directions"]
    comparison: Comparison
    value: float
    counted: bool
    """The metric is how many meet it; otherwise what share of them does, %."""


@dataclass(frozen=True, slots=True)
class Part:
    """A number of a part of the media: `figure` is its path within `media`, or any percentile (`one_way_ms.p99.9`).

    The streams from `source` to `destination`, in both directions if `both_ways`, and of `group`; None: of all. The
    packets that were due between `from_ns` and `until_ns` after the media start, and the silences that touch that time.
    """

    figure: str
    source: str | None = None
    destination: str | None = None
    both_ways: bool = False
    group: str | None = None
    from_ns: int | None = None
    until_ns: int | None = None
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class LinkPart:
    """The utilisation of a link direction between two times after the media start; without them, while it has a
    rate."""

    source: str
    destination: str
    from_ns: int | None = None
    until_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """A stated bound: a metric, compared with a number in the metric's own unit."""

    metric: str
    """Path into `summary.json`, or the name of a part."""
    comparison: Comparison
    value: float
    text: str
    """The expectation as written in the scenario."""
    part: Part | None = None
    link: LinkPart | None = None
    """What the metric is of; both None: it stands in the summary."""


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """`directory`: the cluster of the session directory. `warm`: by cluster, the share (0 to 1) of the session records
    that its relay holds before the media start.

    Relays at either end of a session always hold its record, because they served its set-up.
    """

    directory: str
    warm: dict[str, float]
    version: str = DEFAULT_VERSION
    """The relay kind of every cluster: a relay version, or the name of one of `programs`."""
    versions: dict[str, str] = field(default_factory=dict)
    """By cluster, where its relay is of another kind than `version`."""
    programs: dict[str, RelayProgram] = field(default_factory=dict)
    """The kinds that are programs, by name."""
    idle_ns: int = 300 * S
    """A relay's cache drops the record of a session that had no packets for this long."""
    lock_audit: bool = True
    capacity: dict[str, int] = field(default_factory=dict)
    """By cluster, where it is stated: packets a second that its relay is to carry."""

    def version_of(self, cluster: str) -> str:
        """The relay kind of a cluster."""
        return self.versions.get(cluster, self.version)

    def program_of(self, cluster: str) -> RelayProgram | None:
        """The program that is the relay of a cluster; None if it is a relay of ours."""
        return self.programs.get(self.version_of(cluster))


@dataclass(frozen=True, slots=True)
class Environment:
    """The machine and software of a run, and the back ends chosen, each with the reason."""

    link_backend: BackendName
    link_backend_reason: str
    link_backend_seeded: bool
    """Whether the run's seed determines its losses; netem takes a seed since Linux and iproute2 6.6."""
    datapath: Literal["kernel", "user"]
    datapath_reason: str
    kernel: str
    cpus: int
    privilege: Literal["root", "user namespace"]
    clock: str
    """`real`, or `virtual` and its speed."""
    versions: dict[str, str]

    @property
    def link_capabilities(self) -> Capabilities:
        """Capabilities of the link back end on this machine."""
        return replace(CAPABILITIES[self.link_backend], takes_seed=self.link_backend_seeded)


@dataclass(frozen=True, slots=True)
class Plan:
    """All inputs of a run."""

    format: Literal[6] = field(default=RUN_FORMAT, kw_only=True)
    """Of the run directory (`results.run_files.run_formats`)."""
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
    links: Literal["auto"] | BackendName = "auto"
    """The link back end that the scenario requests."""
    clock_shift: int = 1
    """Under virtual time an instruction takes 2^clock_shift ns."""
    connections: tuple[ConnectionGroup, ...] = ()
    webrtc: tuple[CallGroup, ...] = ()
    """WebRTC calls over TURN servers, beside the sessions."""
    fidelity: FidelityLimits = DEFAULT_LIMITS
    """Limits of the fidelity checks."""
    captured: Captured = NOTHING_CAPTURED
    """Where packets are captured."""
    environment: Environment | None = None
    command: tuple[str, ...] = field(default=(), compare=False)
    """The arguments of `run_scenario.py` with which this plan is made and played again; empty: not recorded."""

    @property
    def link_faults(self) -> tuple[LinkFault, ...]:
        """The faults on links."""
        return tuple(fault for fault in self.faults if isinstance(fault, LinkFault))

    @property
    def process_faults(self) -> tuple[ProcessFault, ...]:
        """The faults on processes."""
        return tuple(fault for fault in self.faults if isinstance(fault, ProcessFault))

    @property
    def faulted_relays(self) -> frozenset[str]:
        """The clusters whose relay a fault acts on."""
        return frozenset(fault.process.cluster for fault in self.process_faults if fault.process.kind == "relay")

    @property
    def forgetful_switches(self) -> frozenset[str]:
        """The clusters whose switch is to lose its flow rules."""
        return frozenset(fault.process.cluster for fault in self.process_faults if isinstance(fault.action, Forget))

    def relay_kinds(self, cluster: str) -> tuple[str, ...]:
        """The relay kind of each life of a cluster's relay, in order: one more than faults that end it."""
        kinds = [self.relays.version_of(cluster)]
        for fault in sorted(self.process_faults, key=lambda fault: fault.at_ns):
            if fault.ends_relay_of(cluster):
                kinds.append(fault.successor or kinds[-1])
        return tuple(kinds)

    def relay_lives(self, cluster: str) -> tuple[RelayProgram | None, ...]:
        """The program of each life of a cluster's relay; None where that is a relay version."""
        return tuple(map(self.relays.programs.get, self.relay_kinds(cluster)))

    def relay_programs(self, cluster: str) -> tuple[RelayProgram, ...]:
        """The programs that are a cluster's relay, life by life; empty if all its lives are relay versions."""
        return tuple(program for program in self.relay_lives(cluster) if program)

    def program_of(self, cluster: str) -> RelayProgram | None:
        """The first program that is a cluster's relay, if one is in any life: then its relay is seen from outside."""
        return next(iter(self.relay_programs(cluster)), None)

    @property
    def relays_of_ours(self) -> tuple[str, ...]:
        """The clusters whose relay records itself: in none of its lives it is a program."""
        return tuple(each.name for each in self.topology.clusters if not self.program_of(each.name))

    @property
    def has_program_media(self) -> bool:
        """Whether another program publishes media of a group of sessions."""
        return any(group.media in PROGRAM_MEDIA for group in self.sessions)

    @property
    def permits(self) -> bool:
        """Whether relays forward streams of a group of sessions only with a permission."""
        return any(group.permission for group in self.sessions)

    @property
    def consents(self) -> bool:
        """Whether clients send streams of a group of sessions only while they have consent."""
        return any(group.consent for group in self.sessions)

    @property
    def webrtc_clusters(self) -> tuple[str, ...]:
        """The clusters with a peer of a WebRTC call, in the topology's order."""
        ends = {end for group in self.webrtc for end in (group.a, group.b)}
        return tuple(each.name for each in self.topology.clusters if each.name in ends)

    def changes_to(self, direction: Direction) -> tuple[LinkChange, ...]:
        """The changes that faults make to a direction, each at full strength."""
        return tuple(fault.change for fault in self.link_faults if direction in fault.directions)

    @property
    def rated_directions(self) -> tuple[Direction, ...]:
        """The link directions that have a rate at some time, in the topology's order."""
        rated = {way for fault in self.link_faults if fault.sets_rate for way in fault.directions}
        base = self.topology.one_ways.items()
        return tuple(way for way, one_way in base if one_way.rate_bps is not None or way in rated)

    @property
    def link_capabilities(self) -> Capabilities:
        """Capabilities of the run's links; none until a back end is chosen."""
        return self.environment.link_capabilities if self.environment else Capabilities()
