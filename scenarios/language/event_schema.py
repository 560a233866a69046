"""The shape of a scenario's events: one word each, a start, a length, and what that word needs."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias, Union

from hostio.timing import MS
from results.run_files.validation import Field, Strict, checked
from scenarios.language.fields import groups, loss_pattern, numbers_from_one, one_of
from scenarios.language.values import (
    Count,
    Delay,
    Instant,
    Jitter,
    Pair,
    Probability,
    Rate,
    Share,
    ShortName,
    SomeShare,
    Span,
)
from topologies.link_state import Distribution

Pattern: TypeAlias = Annotated[str, checked(loss_pattern)]
Numbers: TypeAlias = Annotated[tuple[int, ...], checked(numbers_from_one)]
Groups: TypeAlias = Annotated[tuple[tuple[str, ...], ...], checked(groups)]
Spread: TypeAlias = Annotated[Distribution, checked(one_of("uniform", "normal", "pareto", "paretonormal"))]


class EventBase(Strict):
    """When: from `at` for some time; `repeat` times in all, `every` so often from start to start."""

    at: Instant = Field(examples=["4s"])
    lasts: Span = Field(alias="for", examples=["2s"])
    repeat: Count = 1
    every: Span | None = Field(default=None, examples=["10s"])


class LinkEvent(EventBase):
    """Where: a link, in both directions or one: forward is from the first cluster named to the second."""

    link: Pair = Field(examples=["[us-east, us-west]"])
    direction: Annotated[Literal["both", "forward", "backward"], checked(one_of("both", "forward", "backward"))] = (
        "both"
    )


class Ramp(EventBase):
    """How fast: grows in even steps over its first `ramp`, and fades over as much at its end."""

    ramp: Instant = 0


class RampedEvent(Ramp, LinkEvent):
    """The same on a link."""


class Blackhole(LinkEvent):
    """Every frame vanishes; no interface goes down."""

    what: Literal["blackhole"]


class OneWay(EventBase):
    """Every frame from the first cluster to the second vanishes; the other direction is well."""

    what: Literal["one-way"]
    link: Pair = Field(examples=["[us-east, us-west]"])


class PortDown(LinkEvent):
    """The switch sees its port go down."""

    what: Literal["port-down"]


class Flap(LinkEvent):
    """A port goes down for the share `duty` of each `period`, again and again."""

    what: Literal["flap"]
    period: Span = Field(examples=["500ms"])
    duty: Share = 0.5


class GilbertElliottLoss(Strict):
    """Probabilities of tc-netem(8) `loss gemodel`."""

    p: Probability = Field(examples=["1%"])
    r: Probability = Field(examples=["25%"])
    one_minus_h: Probability = Field(default=1.0, alias="1-h")
    one_minus_k: Probability = Field(default=0.0, alias="1-k")


class FourStateLoss(Strict):
    """Probabilities of tc-netem(8) `loss state`."""

    p13: Probability = Field(examples=["1%"])
    p31: Probability = Field(examples=["25%"])
    p32: Probability = 0.0
    p23: Probability = 1.0
    p14: Probability = 0.0


class LossEvent(RampedEvent):
    """Frames are lost by one of these: at random, by a chain of states, or (of the media) by number."""

    what: Literal["loss"]
    loss: SomeShare | None = Field(default=None, examples=["30%"])
    gilbert_elliott: GilbertElliottLoss | None = Field(
        default=None, alias="gilbert-elliott", examples=["{p: 1%, r: 25%}"]
    )
    four_state: FourStateLoss | None = Field(default=None, alias="4-state", examples=["{p13: 1%, p31: 25%}"])
    pattern: Pattern | None = Field(default=None, examples=['"1110"'])
    packets: Numbers | None = Field(default=None, examples=["[1, 2, 5]"])


class Latency(RampedEvent):
    """The path gets longer by `extra`, and, if given, its jitter becomes `jitter`."""

    what: Literal["latency"]
    extra: Delay = Field(examples=["40ms"])
    jitter: Jitter | None = None
    distribution: Spread = "uniform"
    correlation: Share = 0.0


class PathChange(LinkEvent):
    """Traffic takes a longer way from one instant to the next, as after a fibre cut."""

    what: Literal["path-change"]
    extra: Delay = Field(examples=["40ms"])


class Brownout(LinkEvent):
    """The link still works, at `rate`, behind a queue that holds `queue` of traffic."""

    what: Literal["brownout"]
    rate: Rate = Field(examples=["2mbit"])
    queue: Delay = 100 * MS


class Partial(RampedEvent):
    """A share of the flows vanishes, by a hash of addresses, protocol and ports; the others are well."""

    what: Literal["partial"]
    flows: SomeShare = Field(examples=["25%"])


class Duplicate(RampedEvent):
    """A share of the frames arrives twice."""

    what: Literal["duplicate"]
    share: SomeShare = Field(examples=["1%"])


class Corrupt(RampedEvent):
    """A share of the frames arrives with one bit turned over."""

    what: Literal["corrupt"]
    share: SomeShare = Field(examples=["1%"])


class Reorder(RampedEvent):
    """A share of the frames does without the link's delay, and overtakes the others."""

    what: Literal["reorder"]
    share: SomeShare = Field(examples=["1%"])


class Isolate(EventBase):
    """Every link of a cluster is a blackhole."""

    what: Literal["isolate"]
    cluster: ShortName = Field(examples=["us-east"])


class Partition(EventBase):
    """Every link between clusters of different groups is a blackhole; clusters that no group names are left alone."""

    what: Literal["partition"]
    groups: Groups = Field(examples=["[[us-east], [us-central, us-west]]"])


class RelayEvent(EventBase):
    """Whose relay."""

    cluster: ShortName = Field(examples=["us-central"])


class RelayRestart(RelayEvent):
    """The relay is told to end in order; when it is over a new one serves, which holds no session."""

    what: Literal["relay-restart"]


class RelayKill(RelayEvent):
    """The relay dies at once (SIGKILL); when it is over a new one serves, which holds no session."""

    what: Literal["relay-kill"]


class RelayFreeze(RelayEvent):
    """The relay stands still (SIGSTOP), then goes on (SIGCONT)."""

    what: Literal["relay-freeze"]


class ControllerRestart(EventBase):
    """The controller ends; when it is over a new one starts. The switches keep their flows."""

    what: Literal["controller-restart"]


class ControllerCut(EventBase):
    """The OpenFlow connections carry nothing; no connection is closed to tell anyone."""

    what: Literal["controller-cut"]


class DirectorySlow(Ramp):
    """The session directory's answers take `extra` longer."""

    what: Literal["directory-slow"]
    extra: Delay = Field(examples=["200ms"])


class DirectoryDown(EventBase):
    """The session directory dies; when it is over a new one serves, which holds every record."""

    what: Literal["directory-down"]


Event: TypeAlias = Annotated[
    Union[  # noqa: UP007 - pydantic's discriminated form
        Blackhole,
        OneWay,
        PortDown,
        Flap,
        LossEvent,
        Latency,
        PathChange,
        Brownout,
        Partial,
        Duplicate,
        Corrupt,
        Reorder,
        Isolate,
        Partition,
        RelayRestart,
        RelayKill,
        RelayFreeze,
        ControllerRestart,
        ControllerCut,
        DirectorySlow,
        DirectoryDown,
    ],
    Field(discriminator="what"),
]
