"""What a scenario may set about detection and rerouting, and what the controller process is told: one JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from controller.traffic import NO_TRAFFIC, Traffic
from hostio.timing import MS, S
from relay_app.ports import LANES
from topologies.bfd import BFD_MULTIPLIER
from topologies.model import Topology

Detector = Literal["link", "bfd", "relay-canary", "receiver-reports", "relay-cache"]
"""The word by which a scenario names a detector."""

Framework = Literal["os-ken", "ryu"]
"""What speaks OpenFlow with the switches."""

Probes = Literal["one-way", "stamp"]
"""What becomes of a probe that arrives: it is reported there, and with STAMP reflected besides."""

Directions = Literal["both", "each"]
"""Of a pair of clusters: whether both directions change path together, or each by itself."""

PolicyName = Literal["failover", "direct-only", "spread", "paced", "headroom", "warm-first", "prewarm"]
"""The word by which a scenario names a policy."""

POLICY_DETECTORS: Mapping[PolicyName, Detector] = MappingProxyType(
    {"warm-first": "relay-cache", "prewarm": "relay-cache"}
)
"""What a policy needs to be watched, besides links."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of a setting besides its name, type and default: how a scenario writes it, and what it means.

    `quantity`: a time has the unit in which it is written; in the field, whose name ends in `_ns`, it is ns.
    `least` and `most` are as a scenario writes them, both allowed; empty where the quantity has no bounds of its own.
    """

    quantity: Literal[
        "flag", "time", "count", "share", "detectors", "policy", "framework", "probes", "directions", "per minute"
    ]
    meaning: str
    least: str = ""
    most: str = ""


def _setting(default: T, quantity: Any, meaning: str, least: str = "", most: str = "") -> T:
    """A dataclass field with this default, whose metadata have a `Setting` under "setting"."""
    return field(default=default, metadata={"setting": Setting(quantity, meaning, least, most)})


@dataclass(frozen=True, slots=True)
class PolicyChoice:
    """A policy and its options, each of which is of one policy and without meaning to the others.

    `relays` of `spread`: over how many a pair's lanes go at most. `share` of `headroom`: of a relay's capacity, to
    which it may be loaded. `pace_ns` of `paced`: as the setting of that name; 0: that setting counts.
    """

    name: PolicyName = "failover"
    relays: int = 2
    share: float = 0.8
    pace_ns: int = 0
    patience_ns: int = 5 * S


@dataclass(frozen=True, slots=True)
class ControllerSettings:
    """The only statement of the names, defaults, bounds and meanings of a scenario's `controller:` section.

    A scenario leaves the `_ns` off the names. Each field's metadata hold its `Setting`.
    """

    reroute: bool = _setting(True, "flag", "whether traffic leaves a link that is not clean in both directions")
    detect: tuple[Detector, ...] = _setting(
        ("link",),
        "detectors",
        "what is watched: link: links, by probes and port status; bfd: links, by BFD sessions of the switches "
        "themselves; relay-canary: relays too, by media through them and back, judged as the probes are; "
        "receiver-reports: relays and links, by the media of sessions, which clients count at both ends; relay-cache: "
        "which session records relay versions hold, as they say once a second",
    )
    policy: PolicyChoice = _setting(  # noqa: RUF009 - frozen, as the other defaults are
        PolicyChoice(),
        "policy",
        "which lanes of a pair take which relays when its path is not clean (docs/policies.md)",
    )
    probes: Probes = _setting(  # noqa: RUF009 - an alias of a Literal is as immutable as it
        "one-way",
        "probes",
        "one-way: a probe is reported by the cluster at which it arrives; stamp: it is sent back besides (STAMP, RFC "
        "8762, stateful), so that the sender tells loss there from loss back, and reports both directions",
    )
    probe_interval_ns: int = _setting(50 * MS, "time", "between two probes of a link direction", "5ms", "10s")
    detect_multiplier: int = _setting(
        5,
        "count",
        "a path without any probe for so many intervals is down (as BFD's detection time, RFC 5880 §6.8.4)",
        "1",
        "255",
    )
    loss_window: int = _setting(20, "count", "how many of the last probes loss and delay are taken of", "1", "1000")
    max_loss: float = _setting(0.2, "share", "a path is degraded when more than this share of the window is lost")
    max_extra_delay_ns: int = _setting(
        50 * MS,
        "time",
        "a path is degraded when the window's median delay exceeds the path's own by more than this",
        "1us",
        "10s",
    )
    hold_ns: int = _setting(
        3 * S,
        "time",
        "traffic returns to a link that was clean for so long (wait-to-restore, ITU-T G.808.1), and a relay that was "
        "unhealthy gets none for so long (hold-down)",
        "0s",
        "1440min",
    )
    damping: bool = _setting(
        False,
        "flag",
        "whether a link that flaps is not used for a while though it is clean (flap damping, after RFC 2439): each "
        "time that a direction leaves clean costs it 1000",
    )
    damping_half_life_ns: int = _setting(
        10 * S, "time", "in which a link's penalty falls to the half", "100ms", "45min"
    )
    damping_suppress: int = _setting(
        2000, "count", "a link whose penalty is as high as this is not used", "1001", "20000"
    )
    damping_reuse: int = _setting(
        750, "count", "a link whose penalty has fallen below this is used again", "1", "19999"
    )
    damping_longest_ns: int = _setting(
        40 * S, "time", "for so long a link that stays clean is not used at most", "100ms", "1440min"
    )
    max_reroutes: int | None = _setting(
        None,
        "per minute",
        "how often pairs are moved onto relays at most; once no such move is left, nor do pairs leave a relay that is "
        "still good",
        "1/min",
        "6000/min",
    )
    canary_interval_ns: int = _setting(100 * MS, "time", "between two canaries through a relay", "5ms", "10s")
    canary_bytes: int = _setting(
        80,
        "count",
        "payload of a canary: 80 is that of a packet of voice, 1100 that of a full one of video",
        "1",
        "1100",
    )
    report_interval_ns: int = _setting(
        100 * MS, "time", "between two reports of the media that a cluster's client sends and hears", "10ms", "10s"
    )
    bfd_interval_ns: int = _setting(
        50 * MS,
        "time",
        "between two BFD packets of a switch over each of its links, in whole ms; a link without any for three of them "
        "is down (RFC 5880 §6.8.4)",
        "10ms",
        "1s",
    )
    pace_ns: int = _setting(
        0, "time", "over which a move onto a relay takes its lanes one after another; 0: all at once", "0s", "1440min"
    )
    max_relays: int = _setting(
        2, "count", "relays that a path goes over at most; two only where no single one has two clean legs", "1", "2"
    )

    directions: Directions = _setting(  # noqa: RUF009 - an alias of a Literal is as immutable as it
        "both",
        "directions",
        "both: a pair of clusters leaves its path, and returns, in both directions; each: only in the direction in "
        "which it is not clean, over one relay at most, with the policy failover",
    )
    framework: Framework = _setting(  # noqa: RUF009 - an alias of a Literal is as immutable as it
        "os-ken",
        "framework",
        "what the controller runs on: os-ken, or the Ryu that it is a fork of (`scripts/setup --ryu` installs it)",
    )

    @property
    def canaries(self) -> bool:
        """Whether relays are watched."""
        return "relay-canary" in self.detect

    @property
    def media_reports(self) -> bool:
        """Whether clients report the media that they send and hear."""
        return "receiver-reports" in self.detect

    @property
    def bfd(self) -> bool:
        """Whether switches run BFD over their links."""
        return "bfd" in self.detect

    @property
    def bfd_detection_ns(self) -> int:
        """How long a link must be silent for a BFD session over it to go down (RFC 5880 §6.8.4)."""
        return BFD_MULTIPLIER * self.bfd_interval_ns

    @property
    def link_detection_ns(self) -> int:
        """Within which time one fault is found on every link that it strikes."""
        times_ns = {"link": self.detect_multiplier * self.probe_interval_ns, "bfd": self.bfd_detection_ns}
        return max(at_ns for detector, at_ns in times_ns.items() if detector in self.detect)

    @property
    def coverage(self) -> bool:
        """Whether relays tell which session records they hold."""
        return "relay-cache" in self.detect

    @property
    def may_reroute(self) -> bool:
        """Whether any lane may ever leave its direct path."""
        return self.reroute and self.policy.name != "direct-only"

    @property
    def one_way(self) -> bool:
        """Whether each direction of a pair is moved by itself."""
        return self.directions == "each"

    @property
    def most_relays(self) -> int:
        """Over how many relays a detour goes at most."""
        return 1 if self.one_way else self.max_relays

    @property
    def move_pace_ns(self) -> int:
        """Over what time a move onto a relay takes its lanes; 0: all at once."""
        return self.policy.pace_ns or self.pace_ns

    @property
    def most_paths(self) -> int:
        """Over how many paths the lanes of a pair go at most."""
        return {"spread": self.policy.relays, "headroom": LANES}.get(self.policy.name, 1)


@dataclass(frozen=True, slots=True)
class ControllerConfig:
    """`telemetry`: Unix datagram socket to bind for probe reports. `decisions`: JSONL log to append to. `traffic`: what
    the run's plan says of the load of relays."""

    topology: Topology
    settings: ControllerSettings
    telemetry: Path
    decisions: Path
    listen_host: str = "127.0.0.1"
    listen_port: int = 6653
    traffic: Traffic = NO_TRAFFIC

    def to_json(self) -> str:
        """The text that `from_json` reads back."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> ControllerConfig:
        """The configuration in a text that `to_json` wrote; TypeError or ValueError if it is none."""
        return cast("ControllerConfig", _restored(cls, json.loads(text)))


def _restored(of: Any, value: Any) -> Any:
    """The value of a type from what JSON made of it: dataclasses, tuples of one type, paths, and JSON's own types."""
    if is_dataclass(of):
        types = get_type_hints(of)
        return cast("Any", of)(**{name: _restored(types.get(name), each) for name, each in dict(value).items()})
    if get_origin(of) is tuple:
        return tuple(_restored(get_args(of)[0], each) for each in value)
    return Path(value) if of is Path else value
