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
    """When something happens."""

    at: Instant = Field(examples=["4s"])
    """When it begins, after the media start."""
    lasts: Span = Field(alias="for", examples=["2s"])
    """How long it lasts."""
    repeat: Count = 1
    """How often it happens in all."""
    every: Span | None = Field(default=None, examples=["10s"])
    """With repeat: from one start to the next."""


class LinkEvent(EventBase):
    """Something that happens on a link."""

    link: Pair = Field(examples=["[us-east, us-west]"])
    """The link, by the two clusters at its ends."""
    direction: Annotated[Literal["both", "forward", "backward"], checked(one_of("both", "forward", "backward"))] = (
        "both"
    )
    """Both directions or one; forward is from the first cluster named to the second."""


class Ramp(EventBase):
    """Something that need not have its full strength at once."""

    ramp: Instant = 0
    """It grows in even steps over its first time of this length, and fades over as much at its end."""


class RampedEvent(Ramp, LinkEvent):
    """The same on a link."""


class Blackhole(LinkEvent):
    """Every frame vanishes; no interface goes down."""

    what: Literal["blackhole"]


class OneWay(EventBase):
    """Every frame from the first cluster to the second vanishes; the other direction is well."""

    what: Literal["one-way"]
    link: Pair = Field(examples=["[us-east, us-west]"])
    """From the first cluster to the second."""


class PortDown(LinkEvent):
    """The switch sees its port go down."""

    what: Literal["port-down"]


class Flap(LinkEvent):
    """A port goes down for the share `duty` of each `period`, again and again."""

    what: Literal["flap"]
    period: Span = Field(examples=["500ms"])
    """From one port-down to the next."""
    duty: Share = 0.5
    """The share of the period for which the port is down."""


class GilbertElliottLoss(Strict):
    """Probabilities of tc-netem(8) `loss gemodel`."""

    p: Probability = Field(examples=["1%"])
    """From the good state to the bad, per packet."""
    r: Probability = Field(examples=["25%"])
    """From the bad state to the good, per packet."""
    one_minus_h: Probability = Field(default=1.0, alias="1-h")
    """Of losing a packet in the bad state."""
    one_minus_k: Probability = Field(default=0.0, alias="1-k")
    """Of losing a packet in the good state."""


class FourStateLoss(Strict):
    """Probabilities of tc-netem(8) `loss state`."""

    p13: Probability = Field(examples=["1%"])
    """From receiving to a burst of losses."""
    p31: Probability = Field(examples=["25%"])
    """From a burst of losses to receiving."""
    p32: Probability = 0.0
    """From a burst of losses to receiving within it."""
    p23: Probability = 1.0
    """From receiving within a burst to losses."""
    p14: Probability = 0.0
    """From receiving to a single loss."""


class LossEvent(RampedEvent):
    """Frames are lost by one of these: at random, by a chain of states, or (of the media) by number."""

    what: Literal["loss"]
    loss: SomeShare | None = Field(default=None, examples=["30%"])
    """The share lost, at random."""
    gilbert_elliott: GilbertElliottLoss | None = Field(
        default=None, alias="gilbert-elliott", examples=["{p: 1%, r: 25%}"]
    )
    """Lost by a chain of two states."""
    four_state: FourStateLoss | None = Field(default=None, alias="4-state", examples=["{p13: 1%, p31: 25%}"])
    """Lost by a chain of four states."""
    pattern: Pattern | None = Field(default=None, examples=['"1110"'])
    """Which arrive (1) and which are lost (0), again and again."""
    packets: Numbers | None = Field(default=None, examples=["[1, 2, 5]"])
    """The numbers of the media packets lost, from 1 on."""


class Latency(RampedEvent):
    """The path gets longer by `extra`, and, if given, its jitter becomes `jitter`."""

    what: Literal["latency"]
    extra: Delay = Field(examples=["40ms"])
    """How much longer the path gets."""
    jitter: Jitter | None = None
    """How far the delay of a packet may be off, either way; the link's own unless given."""
    distribution: Spread = "uniform"
    """The distribution of the jitter."""
    correlation: Share = 0.0
    """Of a packet's jitter with the one before."""


class PathChange(LinkEvent):
    """Traffic takes a longer way from one instant to the next, as after a fibre cut."""

    what: Literal["path-change"]
    extra: Delay = Field(examples=["40ms"])
    """How much longer the path gets."""


class Brownout(LinkEvent):
    """The link still works, at `rate`, behind a queue that holds `queue` of traffic."""

    what: Literal["brownout"]
    rate: Rate = Field(examples=["2mbit"])
    """What the link still carries."""
    queue: Delay = 100 * MS
    """How much traffic, as time at that rate, waits before it is dropped."""


class Partial(RampedEvent):
    """A share of the flows vanishes, by a hash of addresses, protocol and ports; the others are well."""

    what: Literal["partial"]
    flows: SomeShare = Field(examples=["25%"])
    """The share of the flows."""


class Duplicate(RampedEvent):
    """A share of the frames arrives twice."""

    what: Literal["duplicate"]
    share: SomeShare = Field(examples=["1%"])
    """The share of the frames that arrive twice."""


class Corrupt(RampedEvent):
    """A share of the frames arrives with one bit turned over."""

    what: Literal["corrupt"]
    share: SomeShare = Field(examples=["1%"])
    """The share of the frames that arrive with one bit turned over."""


class Reorder(RampedEvent):
    """A share of the frames does without the link's delay, and overtakes the others."""

    what: Literal["reorder"]
    share: SomeShare = Field(examples=["1%"])
    """The share of the frames that arrive ahead of others."""


class Isolate(EventBase):
    """Every link of a cluster is a blackhole."""

    what: Literal["isolate"]
    cluster: ShortName = Field(examples=["us-east"])
    """The cluster."""


class Partition(EventBase):
    """Every link between clusters of different groups is a blackhole; clusters that no group names are left alone."""

    what: Literal["partition"]
    groups: Groups = Field(examples=["[[us-east], [us-central, us-west]]"])
    """The groups of clusters that do not hear each other."""


class RelayEvent(EventBase):
    """Whose relay."""

    cluster: ShortName = Field(examples=["us-central"])
    """The cluster whose relay it happens to."""


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
    """How much longer an answer takes."""


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
