"""The shape of scenario files and topology files, as strict models: nothing unknown, nothing without its unit."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from controller.settings import ControllerSettings, Detector
from hostio.units import MS, US, S
from relay_app.connections import KINDS
from relay_app.media import PROFILES
from relay_app.versions.names import DEFAULT_VERSION
from scenarios.document import DataPath, Document
from scenarios.fields import boolean, detectors, name, one_of, pair, relay_version, text, time_within, within
from scenarios.quantities import bits_per_second, fraction, whole_number
from scenarios.schema_errors import problems
from topologies.links import LinkChange

MAX_CLUSTERS = 15
"""Ordinals end up in addresses and in the media's path log."""

_DEFAULTS = ControllerSettings()

Text: TypeAlias = Annotated[str, BeforeValidator(text)]
ScenarioName: TypeAlias = Annotated[str, BeforeValidator(name(40, digit_first=True))]
ShortName: TypeAlias = Annotated[str, BeforeValidator(name(20))]
Flag: TypeAlias = Annotated[bool, BeforeValidator(boolean)]
Pair: TypeAlias = Annotated[tuple[str, str], BeforeValidator(pair)]
Instant: TypeAlias = Annotated[int, BeforeValidator(time_within("0s", "1440min"))]
Span: TypeAlias = Annotated[int, BeforeValidator(time_within("1ms", "1440min"))]
Delay: TypeAlias = Annotated[int, BeforeValidator(time_within("1us", "10s"))]
Jitter: TypeAlias = Annotated[int, BeforeValidator(time_within("0s", "10s"))]
Tick: TypeAlias = Annotated[int, BeforeValidator(time_within("10us", "10ms"))]
ProbeInterval: TypeAlias = Annotated[int, BeforeValidator(time_within("5ms", "10s"))]
Rate: TypeAlias = Annotated[int, BeforeValidator(within(bits_per_second, "8kbit", "100gbit"))]
Share: TypeAlias = Annotated[float, BeforeValidator(fraction)]
Detectors: TypeAlias = Annotated[tuple[Detector, ...], BeforeValidator(detectors)]
Version: TypeAlias = Annotated[str, BeforeValidator(relay_version)]
Loss: TypeAlias = Annotated[float, BeforeValidator(within(fraction, "0.001%", "100%"))]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Sessions(_Strict):
    """A group of two-way sessions of one media profile."""

    name: ShortName | None = None
    between: Pair = Field(examples=["[us-east, us-west]"])
    count: Annotated[int, BeforeValidator(within(whole_number, "1", "20000"))] = Field(examples=["100"])
    media: Annotated[str, BeforeValidator(one_of(*PROFILES))] = Field(examples=["voice"])
    path: Annotated[Literal["relayed", "direct"], BeforeValidator(one_of("relayed", "direct"))] = "relayed"


class Connections(_Strict):
    """A group of long-lived TCP connections beside the media, dialled from the first cluster to the second."""

    name: ShortName | None = None
    kind: Annotated[str, BeforeValidator(one_of(*KINDS))] = Field(examples=["signalling"])
    between: Pair = Field(examples=["[us-east, us-west]"])
    count: Annotated[int, BeforeValidator(within(whole_number, "1", "1000"))] = Field(examples=["10"])


class Relays(_Strict):
    """What the relays are, and how they start. `warm`: the share of session records each cluster's relay holds."""

    version: Version = DEFAULT_VERSION
    versions: dict[str, Version] = {}
    warm: dict[str, Share] = {}
    idle: Span = 300 * S
    lock_audit: Flag = True


class Controller(_Strict):
    """Detection and rerouting; what is left out is as in `ControllerSettings`."""

    reroute: Flag = _DEFAULTS.reroute
    probe_interval: ProbeInterval = _DEFAULTS.probe_interval_ns
    detect_multiplier: Annotated[int, BeforeValidator(within(whole_number, "1", "255"))] = _DEFAULTS.detect_multiplier
    loss_window: Annotated[int, BeforeValidator(within(whole_number, "1", "1000"))] = _DEFAULTS.loss_window
    max_loss: Share = _DEFAULTS.max_loss
    max_extra_delay: Delay = _DEFAULTS.max_extra_delay_ns
    hold: Instant = _DEFAULTS.hold_ns
    detect: Detectors = ("link",)
    canary_interval: ProbeInterval = _DEFAULTS.canary_interval_ns
    pace: Instant = 0


class Emulation(_Strict):
    """Settings of the emulator itself. `wire_tick`: timer quantum of the userspace wire."""

    wire_tick: Tick = 100 * US


class _Event(_Strict):
    at: Instant = Field(examples=["4s"])
    link: Pair = Field(examples=["[us-east, us-west]"])
    direction: Annotated[
        Literal["both", "forward", "backward"], BeforeValidator(one_of("both", "forward", "backward"))
    ] = "both"
    lasts: Span = Field(alias="for", examples=["2s"])


class Blackhole(_Event):
    """Every frame vanishes; no interface goes down."""

    what: Literal["blackhole"]

    def change(self) -> LinkChange:
        """What it does to a direction."""
        return LinkChange(loss=1.0)


class PortDown(_Event):
    """The switch sees its port go down."""

    what: Literal["port-down"]

    def change(self) -> LinkChange:
        """What it does to a direction."""
        return LinkChange(up=False)


class RandomLoss(_Event):
    """Each frame is lost independently with probability `loss`."""

    what: Literal["loss"]
    loss: Loss = Field(examples=["30%"])

    def change(self) -> LinkChange:
        """What it does to a direction."""
        return LinkChange(loss=self.loss)


class Latency(_Event):
    """The path gets longer by `extra`, and, if given, its jitter becomes `jitter`."""

    what: Literal["latency"]
    extra: Delay = Field(examples=["40ms"])
    jitter: Jitter | None = None

    def change(self) -> LinkChange:
        """What it does to a direction."""
        return LinkChange(extra_delay_ns=self.extra, jitter_ns=self.jitter)


class Brownout(_Event):
    """The link still works, at `rate`, behind a queue that holds `queue` of traffic."""

    what: Literal["brownout"]
    rate: Rate = Field(examples=["2mbit"])
    queue: Delay = 100 * MS

    def change(self) -> LinkChange:
        """What it does to a direction."""
        return LinkChange(rate_bps=self.rate, queue_ns=self.queue)


Event: TypeAlias = Annotated[
    Union[Blackhole, PortDown, RandomLoss, Latency, Brownout],  # noqa: UP007 - pydantic's discriminated form
    Field(discriminator="what"),
]


class ScenarioFile(_Strict):
    """A whole scenario file."""

    name: ScenarioName = Field(examples=["one-blip"])
    description: Text = ""
    topology: ShortName = Field(examples=["us-triangle"])
    seed: Annotated[int, BeforeValidator(within(whole_number, "0", "4294967295"))] = 1
    duration: Span = Field(examples=["12s"])
    directory: ShortName | None = None
    sessions: tuple[Sessions, ...] = Field(strict=False)
    connections: tuple[Connections, ...] = Field(default=(), strict=False)
    relays: Relays = Relays()
    controller: Controller = Controller()
    emulation: Emulation = Emulation()
    events: tuple[Event, ...] = Field(default=(), strict=False)
    expect: tuple[Text, ...] = Field(default=(), strict=False)


class ClusterEntry(_Strict):
    """A data centre and where it stands."""

    name: ShortName = Field(examples=["us-east"])
    site: Text = Field(examples=["N. Virginia"])


class LinkEntry(_Strict):
    """A WAN link: its round-trip time, and where that figure comes from."""

    between: Pair = Field(examples=["[us-east, us-west]"])
    rtt: Delay = Field(examples=["62.3ms"])
    jitter: Jitter = 0
    source: Text | None = None
    assumption: Text | None = None


class TopologyFile(_Strict):
    """A whole topology file."""

    name: ShortName = Field(examples=["us-triangle"])
    description: Text = ""
    clusters: tuple[ClusterEntry, ...] = Field(strict=False)
    links: tuple[LinkEntry, ...] = Field(strict=False)


Model = TypeVar("Model", bound=_Strict)


def validated(model: type[Model], document: Document) -> Model:
    """The document as a model; ScenarioError with the first problem otherwise."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise document.error(problems(details, lambda place: known_keys(model, place))) from None


def known_keys(annotation: object, place: DataPath) -> Mapping[str, str]:
    """The keys that the mapping at a place (as pydantic gives it) may have, each with an example or ''."""
    model = _model_at(annotation, place)
    fields: Mapping[str, FieldInfo] = model.model_fields if model else {}
    return {field.alias or key: str((field.examples or [""])[0]) for key, field in fields.items()}


def _model_at(annotation: object, place: DataPath) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not place:
            return annotation
        fields = {field.alias or key: field for key, field in annotation.model_fields.items()}
        return _model_at(fields[str(place[0])].annotation, place[1:]) if place[0] in fields else None
    arguments = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _model_at(arguments[0], place)
    if get_origin(annotation) in (Union, types.UnionType):
        chosen = (kind for kind in arguments if place and _tag(kind) == place[0])
        return _model_at(next(chosen, None), place[1:])
    return _model_at(arguments[0], place[1:]) if get_origin(annotation) is tuple and place else None


def _tag(kind: object) -> str | None:
    field = getattr(kind, "model_fields", {}).get("what")
    return str(get_args(field.annotation)[0]) if field else None
