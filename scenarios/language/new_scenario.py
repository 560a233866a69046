"""A commented scenario file, from few choices: one group of calls, one event, two expectations. Pure."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import get_args

from relay_app.media_profiles import PROFILES
from scenarios.language.event_base import EventBase
from scenarios.language.event_schema import WORDS
from topologies.model import Topology

MEDIA = tuple(PROFILES)
_NEEDS_MORE = frozenset(("trace", "partition"))
"""Words that need a file or groups, of which no choice tells."""
_BESIDE = MappingProxyType({"loss": "loss: 5%"})
"""What a word needs of several keys, one of which must be there."""


def _name(word: type[EventBase]) -> str:
    (name,) = get_args(word.model_fields["what"].annotation)
    return str(name)


FAULTS: Mapping[str, type[EventBase]] = MappingProxyType(
    {name: word for word in WORDS if (name := _name(word)) not in _NEEDS_MORE}
)
"""The words that a new scenario may have as its event."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a new scenario has. Times and `limit` as a scenario has them, such as 1500ms."""

    name: str
    topology: str
    between: tuple[str, str]
    sessions: int
    media: str
    fault: str
    at: str
    lasts: str
    duration: str
    limit: str
    relay: str | None = None


def farthest(topology: Topology) -> tuple[str, str]:
    """The ends of the link with the longest delay: what goes wrong there has a way round, if there is one."""
    link = max(topology.links, key=lambda each: each.there.delay_ns)
    return link.a, link.b


def scenario_text(choices: Choices, topology: Topology, schema: str) -> str:
    """The text of the file. `schema`: place of the JSON schema of scenarios, for editors."""
    one, other = choices.between
    relays = [
        "",
        "relays:",
        _commented(f"  kind: {choices.relay}", "a relay version, or the folder of a program of one's own"),
    ]
    lines = (
        f"# yaml-language-server: $schema={schema}",
        f"name: {choices.name}",
        f"description: {choices.sessions} calls between {one} and {other}, and {choices.fault} for {choices.lasts}",
        _commented(f"topology: {choices.topology}", "of the catalogue, or ./FILE.yaml, or clusters and links here"),
        _commented(f"duration: {choices.duration}", "every time counts from the first media packet"),
        "",
        "sessions:",
        f"  - {{name: calls, between: [{one}, {other}], count: {choices.sessions}, media: {choices.media}}}",
        *(relays if choices.relay else ()),
        "",
        "controller:",
        _commented("  hold: 3s", "a link must be clean this long before traffic returns to it"),
        "",
        "events:",
        f"  # {choices.fault}: {_first_sentence(FAULTS[choices.fault])}",
        f"  - {{{', '.join(_event(choices, topology))}}}",
        "",
        _commented("expect:", "if one of these does not hold, the run fails"),
        _commented("  - media.still_interrupted == 0", "everybody is heard again at the end"),
        _commented(f"  - media.interruption_ms.max < {choices.limit}", "the longest silence of anybody"),
    )
    return "\n".join((*lines, ""))


def _event(choices: Choices, topology: Topology) -> Iterator[str]:
    """The keys of the event with their values."""
    given = {"at": choices.at, "for": choices.lasts, "link": f"[{', '.join(choices.between)}]"}
    given["cluster"] = _between(choices, topology)
    yield f"at: {choices.at}"
    yield f"what: {choices.fault}"
    for name, field in FAULTS[choices.fault].model_fields.items():
        key = field.alias or name
        if field.is_required() and key not in ("at", "what"):
            yield f"{key}: {given.get(key) or (field.examples or ['?'])[0]}"
    if choices.fault in _BESIDE:
        yield _BESIDE[choices.fault]


def _between(choices: Choices, topology: Topology) -> str:
    """The cluster over which the calls go round their link with the least delay; one end if there is none."""
    one, other = choices.between
    linked = {frozenset((link.a, link.b)) for link in topology.links}
    ways = (
        each.name
        for each in topology.clusters
        if {frozenset((one, each.name)), frozenset((each.name, other))} <= linked and each.name not in (one, other)
    )
    return min(ways, key=lambda name: topology.one_way_ns(one, name, other), default=one)


def _first_sentence(word: type[EventBase]) -> str:
    return " ".join((inspect.getdoc(word) or "").split()).split(". ")[0].rstrip(".")


def _commented(text: str, comment: str) -> str:
    return f"{text:<44}  # {comment}"
