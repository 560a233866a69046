"""The shape of scenario files and topology files, as strict models: nothing unknown, nothing without its unit."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Annotated, Literal, Union, get_args, get_origin

from controller.settings import ControllerSettings
from hostio.timing import US, S
from relay_app.clients.media_schedule import PROFILES
from relay_app.streams import KINDS
from relay_app.versions.version_names import DEFAULT_VERSION
from results.run_files import validation
from results.run_files.plan import DEFAULT_LIMITS, FidelityLimits
from results.run_files.validation import Field, FieldInfo, InvalidError, Model, Section, Strict, checked
from scenarios.language.document import DataPath, Document
from scenarios.language.event_schema import Event
from scenarios.language.fields import WHOLE, one_of, within
from scenarios.language.schema_errors import problems
from scenarios.language.settings_section import settings_section
from scenarios.language.values import (
    Delay,
    Flag,
    Jitter,
    Pair,
    ScenarioName,
    Share,
    ShortName,
    Span,
    Text,
    Tick,
    Version,
)

MAX_CLUSTERS = 15
"""Ordinals end up in addresses and in the media's path log."""


class Sessions(Strict):
    """A group of two-way sessions of one media profile."""

    name: ShortName | None = None
    between: Pair = Field(examples=["[us-east, us-west]"])
    count: Annotated[int, checked(within(WHOLE, "1", "20000"))] = Field(examples=["100"])
    media: Annotated[str, checked(one_of(*PROFILES))] = Field(examples=["voice"])
    path: Annotated[Literal["relayed", "direct"], checked(one_of("relayed", "direct"))] = "relayed"


class Connections(Strict):
    """A group of long-lived TCP connections beside the media, dialled from the first cluster to the second."""

    name: ShortName | None = None
    kind: Annotated[str, checked(one_of(*KINDS))] = Field(examples=["signalling"])
    between: Pair = Field(examples=["[us-east, us-west]"])
    count: Annotated[int, checked(within(WHOLE, "1", "1000"))] = Field(examples=["10"])


class Relays(Strict):
    """What the relays are, and how they start. `warm`: the share of session records each cluster's relay holds."""

    version: Version = DEFAULT_VERSION
    versions: dict[str, Version] = Field(default={})
    warm: dict[str, Share] = Field(default={})
    idle: Span = 300 * S
    lock_audit: Flag = True


class Emulation(Strict):
    """Settings of the emulator itself.

    `wire_tick`: timer quantum of the userspace wire; `clock_shift`: an instruction takes 2^shift ns of virtual time.
    """

    links: Annotated[Literal["auto", "netem", "userspace"], checked(one_of("auto", "netem", "userspace"))] = "auto"
    wire_tick: Tick = 100 * US
    clock_shift: Annotated[int, checked(within(WHOLE, "0", "10"))] = 1


class ScenarioFile(Strict):
    """A whole scenario file."""

    name: ScenarioName = Field(examples=["one-blip"])
    description: Text = ""
    topology: ShortName = Field(examples=["us-triangle"])
    seed: Annotated[int, checked(within(WHOLE, "0", "4294967295"))] = 1
    duration: Span = Field(examples=["12s"])
    directory: ShortName | None = None
    sessions: tuple[Sessions, ...] = Field(strict=False)
    connections: tuple[Connections, ...] = Field(default=(), strict=False)
    relays: Relays = Relays()
    controller: Annotated[ControllerSettings, settings_section(ControllerSettings)] = ControllerSettings()
    emulation: Emulation = Emulation()
    fidelity: Annotated[FidelityLimits, settings_section(FidelityLimits)] = DEFAULT_LIMITS
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


def validated(model: type[Model], document: Document) -> Model:
    """The document as a model; ScenarioError with the first problem otherwise."""
    try:
        return validation.validated(model, document.data)
    except InvalidError as error:
        raise document.error(problems(error.errors, lambda place: known_keys(model, place))) from None


def known_keys(annotation: object, place: DataPath) -> Mapping[str, str]:
    """The keys that the mapping at a place (as the library gives it) may have, each with an example or ''."""
    model = _model_at(annotation, place)
    fields: Mapping[str, FieldInfo] = model.model_fields if model else {}
    return {field.alias or key: str((field.examples or [""])[0]) for key, field in fields.items()}


def _model_at(annotation: object, place: DataPath) -> type[Strict] | None:
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        if not place:
            return annotation
        fields = {field.alias or key: field for key, field in annotation.model_fields.items()}
        return _model_at(_of_field(fields[str(place[0])]), place[1:]) if place[0] in fields else None
    arguments = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _model_at(arguments[0], place)
    if get_origin(annotation) in (Union, types.UnionType):
        if not any(map(_tag, arguments)):
            return _model_at(arguments[0], place)
        chosen = (kind for kind in arguments if place and _tag(kind) == place[0])
        return _model_at(next(chosen, None), place[1:])
    return _model_at(arguments[0], place[1:]) if get_origin(annotation) is tuple and place else None


def _of_field(field: FieldInfo) -> object:
    """The type that the data of a field are checked as."""
    return next((each.model for each in field.metadata if isinstance(each, Section)), field.annotation)


def _tag(kind: object) -> str | None:
    field = getattr(kind, "model_fields", {}).get("what")
    return str(get_args(field.annotation)[0]) if field else None
