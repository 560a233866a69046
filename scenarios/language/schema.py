"""Scenario files and topology files as strict models: unknown keys and numbers without their unit are errors."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from controller.settings import ControllerSettings
from hostio.timing import US, S
from relay_app.versions.version_names import DEFAULT_VERSION
from results.run_files import validation
from results.run_files.plan import DEFAULT_LIMITS, FidelityLimits
from results.run_files.validation import Field, FieldInfo, InvalidError, Model, Section, Strict, checked
from scenarios.language.document import DataPath, Document, Problem
from scenarios.language.event_schema import Event
from scenarios.language.readings import WHOLE, one_of, within
from scenarios.language.session_schema import Connections, Sessions
from scenarios.language.settings_section import settings_section
from scenarios.language.values import (
    Delay,
    EarthPosition,
    Flag,
    Jitter,
    Kind,
    Mtu,
    PacketRate,
    Pair,
    Rate,
    ScenarioName,
    Share,
    ShortName,
    Span,
    Text,
    Tick,
    TopologyPlace,
)
from scenarios.language.webrtc_schema import Webrtc
from scenarios.language.wording import found, quoted, suggestion
from topologies.back_ends import BackendName

Keys = Callable[[DataPath], Mapping[str, str]]
"""The keys known at a place, given as the library locates errors, each with an example."""


def problems(errors: Sequence[Mapping[str, Any]], keys: Keys) -> tuple[Problem, ...]:
    """A problem per error of the library. A missing key is left out if there is an unknown key beside it: that is
    probably the missing one, misspelt."""
    misspelt = {error["loc"][:-1] for error in errors if error["type"] == "extra_forbidden"}
    return tuple(_problems(errors, misspelt, keys))


def _problems(errors: Iterable[Mapping[str, Any]], misspelt: set[DataPath], keys: Keys) -> Iterator[Problem]:
    for error in errors:
        place, kind = error["loc"], error["type"]
        path = _in_data(place)
        if kind == "extra_forbidden":
            key = str(path[-1])
            yield Problem(path, f"unknown key {quoted(key)}; {suggestion(key, keys(place[:-1]))}", at_key=True)
        elif kind == "value_error" and isinstance(below := error["ctx"]["error"], InvalidError):
            yield from _problems_below(below, path)
        elif kind != "missing":
            yield _wrong_value(error, path)
        elif place[:-1] not in misspelt:
            yield Problem(path[:-1], _missing(str(path[-1]), keys(place[:-1])))


def _problems_below(error: InvalidError, path: DataPath) -> Iterator[Problem]:
    """Those of a mapping that a reader of the value at `path` validated."""
    for problem in problems(error.errors, lambda place: known_keys(error.model, place)):
        yield replace(problem, path=(*path, *problem.path))


def _missing(key: str, known: Mapping[str, str]) -> str:
    example = known.get(key)
    return f"{quoted(key)} is missing; add {f'{key}: {example}' if example else f'a list under {key}:'}"


def _wrong_value(error: Mapping[str, Any], path: DataPath) -> Problem:
    kind, value = error["type"], error["input"]
    if kind == "value_error":
        return Problem(path, str(error["ctx"]["error"]))
    if kind == "union_tag_invalid":
        tag, tags = str(error["ctx"]["tag"]), re.findall(r"'([^']+)'", error["ctx"]["expected_tags"])
        return Problem((*path, "what"), f"unknown event {quoted(tag)}; {suggestion(tag, tags)}")
    if kind == "union_tag_not_found":
        return Problem(path, "'what' is missing; add what: blackhole")
    if kind == "tuple_type":
        return Problem(path, f"{found(value)} where a list is expected; start every entry with '- '")
    return Problem(path, f"{found(value)} where a mapping is expected; write 'key: value' lines")


def _in_data(place: DataPath) -> DataPath:
    """The path in the data of a place; the library inserts the event's `what` after its index."""
    return place[:2] + place[3:] if place[0] == "events" else place


class Relays(Strict):
    """What runs as relay, and the state of the relays before the media start."""

    kind: Kind = DEFAULT_VERSION
    """The relay of every cluster: a relay version, or the folder of a relay program, from the scenario file's."""
    kinds: dict[str, Kind] = Field(default={})
    """The relays of clusters that run another one, by cluster."""
    warm: dict[str, Share] = Field(default={})
    """The share of the session records that a cluster's relay holds before the media start, by cluster."""
    capacity: dict[str, PacketRate] = Field(default={})
    """How many packets a second a cluster's relay is stated to carry, by cluster: what the controller's policy headroom
    keeps a share of, and no limit of the relay itself."""
    idle: Span = 300 * S
    """A relay drops the record of a session without packets for this time."""
    lock_audit: Flag = True
    """Whether the relays' locks are audited."""
    descriptors: Annotated[int | None, checked(within(WHOLE, "64", "1048576"))] = None
    """Limit of open files of each process of a relay program, where its own limit is not lower."""


class Emulation(Strict):
    """Settings of the emulator itself."""

    links: Annotated[Literal["auto"] | BackendName, checked(one_of("auto", *get_args(BackendName)))] = "auto"
    """What emulates the links; auto: netem where the kernel has it."""
    wire_tick: Tick = 100 * US
    """Timer quantum of the userspace wire."""
    clock_shift: Annotated[int, checked(within(WHOLE, "0", "10"))] = 1
    """In a virtual machine with a virtual clock an instruction takes 2^shift ns."""


class ScenarioFile(Strict):
    """A whole scenario file."""

    name: ScenarioName = Field(examples=["one-blip"])
    """Name of the scenario, and of the folder of its runs."""
    description: Text = ""
    """In a sentence, what the scenario shows."""
    topology: TopologyPlace = Field(examples=["us-triangle"])
    """A topology of topologies/catalogue by its name, one in a file by its path, or clusters and links."""
    seed: Annotated[int, checked(within(WHOLE, "0", "4294967295"))] = 1
    """Seed of all random numbers of a run."""
    duration: Span = Field(examples=["12s"])
    """How long media flow."""
    directory: ShortName | None = None
    """The cluster where the session directory lives; unless given, the topology's first."""
    sessions: tuple[Sessions, ...] = Field(strict=False)
    """The groups of sessions."""
    connections: tuple[Connections, ...] = Field(default=(), strict=False)
    """The groups of TCP connections beside the media."""
    webrtc: tuple[Webrtc, ...] = Field(default=(), strict=False)
    """The groups of WebRTC calls beside the sessions."""
    relays: Relays = Relays()
    """What runs as relay, and the state of the relays before the media start."""
    controller: Annotated[ControllerSettings, settings_section(ControllerSettings)] = ControllerSettings()
    """Detection and rerouting."""
    emulation: Emulation = Emulation()
    """Settings of the emulator itself."""
    fidelity: Annotated[FidelityLimits, settings_section(FidelityLimits)] = DEFAULT_LIMITS
    """Limits of the testbed's own errors, beyond which a run is inconclusive."""
    events: tuple[Event, ...] = Field(default=(), strict=False)
    """The blips: what happens, where, when and for how long."""
    expect: tuple[Text, ...] = Field(default=(), strict=False)
    """What must hold, each a metric of summary.json compared with a number: reroutes >= 1."""


class ClusterEntry(Strict):
    """A data centre and its location."""

    name: ShortName = Field(examples=["us-east"])
    """Short name, used for hosts and links."""
    site: Text = Field(examples=["N. Virginia"])
    """Location of the data centre."""
    position: EarthPosition | None = Field(default=None, examples=[[39.04, -77.49]])
    """Where that is, degrees north and east: its place on maps. Delays do not follow from it."""


class OneWayEntry(Strict):
    """What one direction of a link has that the other has not; what is left out is the link's."""

    delay: Delay | None = Field(default=None, examples=["31.15ms"])
    """One-way delay."""
    jitter: Jitter | None = None
    """How far the delay of a packet may be off, either way."""
    loss: Share | None = None
    """Share of the packets that are lost at random."""
    rate: Rate | None = None
    """Bits of Ethernet frames per second; unless given, unlimited."""
    queue: Span | None = None
    """How long a packet waits for the rate at most; longer queues drop what comes. Unless given, 100ms."""
    mtu: Mtu | None = None
    """Bytes of the longest IP packet that passes; longer ones vanish without a word. Unless given, unlimited."""


class LinkEntry(OneWayEntry):
    """A WAN link: what it does to packets without any fault, and where its times come from.

    Keys beside `between` hold for both directions, those of `there` and `back` for one. Give the rtt, or delays.
    """

    between: Pair = Field(examples=["[us-east, us-west]"])
    """The two clusters."""
    rtt: Delay | None = Field(default=None, examples=["62.3ms"])
    """Round-trip time, in place of delays; half of it is the delay of either direction."""
    there: OneWayEntry = OneWayEntry()
    """The direction from the first cluster to the second: any of delay, jitter, loss, rate, queue and mtu."""
    back: OneWayEntry = OneWayEntry()
    """The direction from the second cluster to the first, likewise."""
    source: Text | None = None
    """Where the times were measured or published."""
    assumption: Text | None = None
    """Why the times are assumed, if they were not measured."""


class TopologyFile(Strict):
    """A whole topology file."""

    name: ShortName = Field(examples=["us-triangle"])
    """Name of the topology; that of the file without its suffix."""
    description: Text = ""
    """In a sentence, what the topology stands for."""
    clusters: tuple[ClusterEntry, ...] = Field(strict=False)
    """The data centres, 2 to 64 of them, in the order of their ordinals."""
    links: tuple[LinkEntry, ...] = Field(strict=False)
    """The WAN links between them."""


def validated(model: type[Model], document: Document) -> Model:
    """The document as a model; ScenarioError."""
    value, wrong = read_as(model, document)
    if value is None:
        raise document.error(wrong)
    return value


def read_as(model: type[Model], document: Document) -> tuple[Model | None, tuple[Problem, ...]]:
    """The document as a model, or None and what is wrong with it."""
    try:
        return validation.validated(model, document.data), ()
    except InvalidError as error:
        return None, problems(error.errors, lambda place: known_keys(model, place))


def known_keys(annotation: object, place: DataPath) -> Mapping[str, str]:
    """The keys that the mapping at a place may have, each with an example or ''; `place` as the library locates it."""
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
    """The type as which the data of a field are checked."""
    return next((each.model for each in field.metadata if isinstance(each, Section)), field.annotation)


def _tag(kind: object) -> str | None:
    field = getattr(kind, "model_fields", {}).get("what")
    return str(get_args(field.annotation)[0]) if field else None
