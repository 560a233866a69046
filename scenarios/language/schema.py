"""The shape of scenario files and topology files, as strict models: nothing unknown, nothing without its unit."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, Field, ValidationError
from pydantic.fields import FieldInfo

from controller.settings import ControllerSettings
from hostio.timing import US, S
from relay_app.clients.media_schedule import PROFILES
from relay_app.streams import KINDS
from relay_app.versions.version_names import DEFAULT_VERSION
from results.run_files.plan import DEFAULT_LIMITS
from scenarios.language.document import DataPath, Document
from scenarios.language.event_schema import Event
from scenarios.language.fields import one_of, within
from scenarios.language.quantities import whole_number
from scenarios.language.schema_errors import problems
from scenarios.language.values import (
    Delay,
    Detectors,
    Drops,
    Flag,
    Instant,
    Jitter,
    Limit,
    Pair,
    ProbeInterval,
    ScenarioName,
    Share,
    ShortName,
    Span,
    Strict,
    Text,
    Tick,
    Version,
)

MAX_CLUSTERS = 15
"""Ordinals end up in addresses and in the media's path log."""

_DEFAULTS = ControllerSettings()


class Sessions(Strict):
    """A group of two-way sessions of one media profile."""

    name: ShortName | None = None
    between: Pair = Field(examples=["[us-east, us-west]"])
    count: Annotated[int, BeforeValidator(within(whole_number, "1", "20000"))] = Field(examples=["100"])
    media: Annotated[str, BeforeValidator(one_of(*PROFILES))] = Field(examples=["voice"])
    path: Annotated[Literal["relayed", "direct"], BeforeValidator(one_of("relayed", "direct"))] = "relayed"


class Connections(Strict):
    """A group of long-lived TCP connections beside the media, dialled from the first cluster to the second."""

    name: ShortName | None = None
    kind: Annotated[str, BeforeValidator(one_of(*KINDS))] = Field(examples=["signalling"])
    between: Pair = Field(examples=["[us-east, us-west]"])
    count: Annotated[int, BeforeValidator(within(whole_number, "1", "1000"))] = Field(examples=["10"])


class Relays(Strict):
    """What the relays are, and how they start. `warm`: the share of session records each cluster's relay holds."""

    version: Version = DEFAULT_VERSION
    versions: dict[str, Version] = Field(default={})
    warm: dict[str, Share] = Field(default={})
    idle: Span = 300 * S
    lock_audit: Flag = True


class Controller(Strict):
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


class Emulation(Strict):
    """Settings of the emulator itself.

    `wire_tick`: timer quantum of the userspace wire; `clock_shift`: an instruction takes 2^shift ns of virtual time.
    """

    links: Annotated[Literal["auto", "netem", "userspace"], BeforeValidator(one_of("auto", "netem", "userspace"))] = (
        "auto"
    )
    wire_tick: Tick = 100 * US
    clock_shift: Annotated[int, BeforeValidator(within(whole_number, "0", "10"))] = 1


class Fidelity(Strict):
    """Up to what the testbed is believed; what is left out is as in `FidelityLimits`, whose names these are."""

    pacing_p99: Limit = DEFAULT_LIMITS.pacing_p99_ns
    pacing_max: Limit = DEFAULT_LIMITS.pacing_max_ns
    delay_p50: Limit = DEFAULT_LIMITS.delay_p50_ns
    delay_p99: Limit = DEFAULT_LIMITS.delay_p99_ns
    event_error_max: Limit = DEFAULT_LIMITS.event_error_max_ns
    event_error_p99: Limit = DEFAULT_LIMITS.event_error_p99_ns
    link_lateness_p99: Limit = DEFAULT_LIMITS.link_lateness_p99_ns
    link_lateness_max: Limit = DEFAULT_LIMITS.link_lateness_max_ns
    lateness_p99: Limit = DEFAULT_LIMITS.lateness_p99_ns
    lateness_max: Limit = DEFAULT_LIMITS.lateness_max_ns
    steal: Share = DEFAULT_LIMITS.steal
    steal_second: Share = DEFAULT_LIMITS.steal_second
    clock_step: Limit = DEFAULT_LIMITS.clock_step_ns
    socket_drops: Drops = DEFAULT_LIMITS.socket_drops
    port_drops: Drops = DEFAULT_LIMITS.port_drops
    emulator_drops: Drops = DEFAULT_LIMITS.emulator_drops
    softnet_drops: Drops = DEFAULT_LIMITS.softnet_drops
    lost_upcalls: Drops = DEFAULT_LIMITS.lost_upcalls


class ScenarioFile(Strict):
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
    fidelity: Fidelity = Fidelity()
    events: tuple[Event, ...] = Field(default=(), strict=False)
    expect: tuple[Text, ...] = Field(default=(), strict=False)


class ClusterEntry(Strict):
    """A data centre and where it stands."""

    name: ShortName = Field(examples=["us-east"])
    site: Text = Field(examples=["N. Virginia"])


class LinkEntry(Strict):
    """A WAN link: its round-trip time, and where that figure comes from."""

    between: Pair = Field(examples=["[us-east, us-west]"])
    rtt: Delay = Field(examples=["62.3ms"])
    jitter: Jitter = 0
    source: Text | None = None
    assumption: Text | None = None


class TopologyFile(Strict):
    """A whole topology file."""

    name: ShortName = Field(examples=["us-triangle"])
    description: Text = ""
    clusters: tuple[ClusterEntry, ...] = Field(strict=False)
    links: tuple[LinkEntry, ...] = Field(strict=False)


Model = TypeVar("Model", bound=Strict)


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
        if not any(map(_tag, arguments)):
            return _model_at(arguments[0], place)
        chosen = (kind for kind in arguments if place and _tag(kind) == place[0])
        return _model_at(next(chosen, None), place[1:])
    return _model_at(arguments[0], place[1:]) if get_origin(annotation) is tuple and place else None


def _tag(kind: object) -> str | None:
    field = getattr(kind, "model_fields", {}).get("what")
    return str(get_args(field.annotation)[0]) if field else None
