"""Readers of the values of particular keys: each checks plain data and converts it. ValueError says what to write."""

from __future__ import annotations

import re
from typing import get_args

from controller.settings import Detector
from relay_app.calls import Length
from relay_app.programs import PROGRAMS
from relay_app.versions.version_names import VERSIONS
from scenarios.language.readings import Reading, reading, time_within
from scenarios.language.wording import found
from topologies.frame_match import MOST_PORTS, Ports
from topologies.link_state import SEQUENCE_FRAMES
from topologies.model import Position

_CLUSTER = {"type": "string", "pattern": "^[a-z][a-z0-9-]*$"}


@reading(type="string", pattern="^/")
def url_path(value: object) -> str:
    """The path of a URL, without blanks."""
    if isinstance(value, str) and re.fullmatch(r"/[!-~]*", value):
        return value
    raise ValueError(f"{found(value)} is no path of a URL; write such as /metrics")


@reading(anyOf=[{"type": "integer"}, {"type": "string", "pattern": "^0x[0-9a-fA-F]{1,8}$"}])
def ssrc_number(value: object) -> int:
    """An SSRC (RFC 3550 §8), as a number or in hexadecimal, as Wireshark shows it."""
    digits = re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}", value) if isinstance(value, str) else None
    number = int(digits[0], 16) if digits else value
    if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 1 << 32:
        return number
    raise ValueError(f"{found(value)} is no SSRC; write such as 0x1234abcd")


@reading(anyOf=[{"enum": [*VERSIONS, *PROGRAMS]}, {"type": "string", "pattern": "/"}])
def relay_kind(value: object) -> str:
    """The name of a relay version or of a relay program that comes with the project, or the folder of a program, whose
    path has a slash. Names of versions are too alike for a suggestion; the error lists all."""
    if isinstance(value, str) and (value in VERSIONS or value in PROGRAMS or "/" in value):
        return value
    known = ", ".join((*VERSIONS, *PROGRAMS))
    raise ValueError(f"{found(value)} is no relay kind; known: {known}; or write a folder's path, such as ./my-relay")


@reading(anyOf=[{"type": "string"}, {"type": "object", "required": ["clusters", "links"]}])
def topology(value: object) -> str | dict[str, object]:
    """A name, a path or a mapping, as it is."""
    if isinstance(value, (str, dict)):
        return value
    raise ValueError(f"{found(value)} where a topology is expected; write its name, its file's path, or a mapping")


_OF_LINKS: tuple[Detector, ...] = ("link", "bfd")


@reading(type="array", items={"enum": list(get_args(Detector))}, contains={"enum": list(_OF_LINKS)})
def detectors(value: object) -> tuple[str, ...]:
    """A list of the controller's detectors; one of them must watch links."""
    known = get_args(Detector)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError(f"{found(value)} is not a list of detectors; write [link] or [{', '.join(known)}]")
    for each in value:
        if each not in known:
            raise ValueError(f"{found(each)} is no detector; known: {', '.join(known)}")
    if not set(_OF_LINKS) & set(value):
        raise ValueError(f"none of these watches links; write [{', '.join(dict.fromkeys(('link', *value)))}]")
    return tuple(dict.fromkeys(value))


@reading(type="string", pattern=f"^(?=.*0)[01]{{1,{SEQUENCE_FRAMES}}}$")
def loss_pattern(value: object) -> str:
    """A string of 1 (arrives) and 0 (lost), as in RFC 3611 §4.1, with at least one 0."""
    if not isinstance(value, str) or not re.fullmatch(f"[01]{{1,{SEQUENCE_FRAMES}}}", value):
        raise ValueError(f'{found(value)} is no pattern of losses; write 1 for arrives and 0 for lost, as "1110"')
    if "0" not in value:
        raise ValueError(f"{found(value)} loses nothing; write a 0 for each packet to lose")
    return value


@reading(type="array", minItems=1, items={"type": "integer", "minimum": 1, "maximum": SEQUENCE_FRAMES})
def numbers_from_one(value: object) -> tuple[int, ...]:
    """A list of packet numbers, from 1; the value is sorted and without duplicates."""
    if not isinstance(value, list) or not value:
        raise ValueError(f"{found(value)} is not a list of packet numbers; write such as [1, 2, 5]")
    for number in value:
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= SEQUENCE_FRAMES:
            raise ValueError(f"{found(number)} is not a packet's number; write from 1 to {SEQUENCE_FRAMES}")
    return tuple(sorted(set(value)))


_PORT_RANGE = re.compile(r"([0-9]{1,5})-([0-9]{1,5})")
_LAST_PORT = 65_535
_ONE_RANGE = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": _LAST_PORT},
        {"type": "string", "pattern": "^[0-9]{1,5}-[0-9]{1,5}$"},
    ]
}


@reading(anyOf=[_ONE_RANGE, {"type": "array", "minItems": 1, "maxItems": MOST_PORTS, "items": _ONE_RANGE}])
def port_ranges(value: object) -> tuple[Ports, ...]:
    """A port, a range of ports as `40000-40015`, or a list of at most 8 such."""
    given = value if isinstance(value, list) else [value]
    if not 1 <= len(given) <= MOST_PORTS:
        raise ValueError(f"a list of {len(given)} where ports are expected; write 1 to {MOST_PORTS} ports or ranges")
    return tuple(map(_port_range, given))


def _port_range(value: object) -> Ports:
    """A port or a range; ValueError if it is neither."""
    written = _PORT_RANGE.fullmatch(value) if isinstance(value, str) else None
    if isinstance(value, int) and not isinstance(value, bool):
        ports = Ports(value, value)
    elif written:
        ports = Ports(int(written[1]), int(written[2]))
    else:
        raise ValueError(f"{found(value)} is no port; write a number or a range, such as 40000-40015")
    if not 0 <= ports.first <= ports.last <= _LAST_PORT:
        raise ValueError(f"{found(value)} has no ports; write from 0 to {_LAST_PORT}, the lower one first")
    return ports


@reading(type="array", minItems=2, items={"type": "array", "minItems": 1, "items": _CLUSTER})
def groups(value: object) -> tuple[tuple[str, ...], ...]:
    """Two or more lists of cluster names; whether they exist is checked later, against the topology."""
    if isinstance(value, list) and all(isinstance(group, list) for group in value):
        named = tuple(tuple(map(str, group)) for group in value)
        if len(named) > 1 and all(named):
            return named
    raise ValueError(f"{_pair_text(value)} is not two or more groups of clusters; write [[us-east], [us-west]]")


@reading(type="array", minItems=2, maxItems=2, items={"type": "number"})
def position(value: object) -> Position:
    """A place on the Earth: degrees north, degrees east."""
    numbers = [each for each in value if type(each) in (int, float)] if isinstance(value, list) else []
    if len(numbers) != 2 or numbers != value or not (abs(numbers[0]) <= 90 and abs(numbers[1]) <= 180):
        raise ValueError(
            f"{found(value)} is no position; write degrees north (to 90) and east (to 180), such as [39.04, -77.49]"
        )
    return Position(float(numbers[0]), float(numbers[1]))


@reading(type="array", minItems=2, maxItems=2, items=_CLUSTER)
def pair(value: object) -> tuple[str, str]:
    """Two cluster names; whether they exist and differ is checked later, against the topology."""
    if isinstance(value, list) and len(value) == 2 and all(isinstance(end, str) for end in value):
        return value[0], value[1]
    raise ValueError(f"{_pair_text(value)} is not two clusters; write [us-east, us-west]")


def call_length(least: str) -> Reading:
    """A length of time of at least `least`, or {exponential: 5s}, the mean of lengths that are drawn."""
    time = time_within(least, "1440min")

    def read(value: object) -> Length:
        if not isinstance(value, dict):
            return Length(time(value))
        if list(value) != ["exponential"]:
            raise ValueError("this mapping is no length of time; write such as 5s or {exponential: 5s}")
        return Length(time(value["exponential"]), exponential=True)

    drawn = {"type": "object", "properties": {"exponential": time.schema}, "required": ["exponential"]}
    return Reading(read, {"anyOf": [time.schema, {**drawn, "additionalProperties": False}]})


def _pair_text(value: object) -> str:
    return f"a list of {len(value)}" if isinstance(value, list) else found(value)
