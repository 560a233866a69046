"""Readers of the values of a `relay.yaml`, as `fields` has those of scenario files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import get_args
from urllib.parse import urlsplit

from results.run_files.relay_program import Capability, CommandOk, HttpOk, PortsBound, ReadyWord
from scenarios.language.quantities import SIZE_PATTERN, size_bytes
from scenarios.language.readings import WHOLE, Reading, within, word
from scenarios.language.wording import found, quoted, suggestion

_CAPABILITIES = get_args(Capability)
_URL_EXAMPLE = "http://127.0.0.1:8080/ready"
_COMMAND_EXAMPLE = "{command: [./ready, --verbose]}"
_PORTS_EXAMPLE = "{ports: [3478]}"
_PORT = within(WHOLE, "1", "65535")


def _ready(words: Sequence[str], mappings: Mapping[str, Callable[[object], object]], examples: str) -> Reading:
    """One of the words, or a mapping of one of the keys, whose value is read by what stands there."""

    def read(value: object) -> object:
        if value in words:
            return value
        if not isinstance(value, dict) or len(value) != 1:
            raise ValueError(f"{found(value)} is not known here; known: {', '.join(words)}, {examples}")
        ((key, wanted),) = value.items()
        if key not in mappings:
            raise ValueError(f"unknown key {quoted(str(key))}; {suggestion(str(key), tuple(mappings))}")
        return mappings[key](wanted)

    by_key = [{"type": "object", "properties": {key: {}}, "required": [key]} for key in mappings]
    return Reading(read, {"anyOf": [{"enum": list(words)}, *by_key]})


def _url(value: object) -> str:
    """An http URL with host and, if it has one, a valid port."""
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        if isinstance(value, str) and parts.scheme == "http" and parts.hostname and parts.port != 0:
            return value
    except ValueError:
        pass
    raise ValueError(f"{found(value)} is no http URL; write such as {_URL_EXAMPLE}")


def _command(value: object) -> tuple[str, ...]:
    if isinstance(value, list) and value:
        return tuple(map(str, map(word, value)))
    raise ValueError(f"{found(value)} is no command; write {_COMMAND_EXAMPLE}")


def _ports(value: object) -> tuple[int, ...]:
    if isinstance(value, list) and value:
        return tuple(int(str(_PORT(each))) for each in value)
    raise ValueError(f"{found(value)} is no list of UDP ports; write {_PORTS_EXAMPLE}")


def _capabilities(value: object) -> tuple[Capability, ...]:
    """A list of names of capabilities(7), in lower case and without `cap_`."""
    if not isinstance(value, list):
        raise ValueError(f"{found(value)} is not a list of capabilities; write such as [net_admin]")
    for each in value:
        if each not in _CAPABILITIES:
            given = str(each).lower().removeprefix("cap_")
            raise ValueError(
                f"{found(each)} is no capability that a relay may have; {suggestion(given, _CAPABILITIES)}"
            )
    return tuple(dict.fromkeys(value))


SIZE = Reading(size_bytes, {"type": "string", "pattern": SIZE_PATTERN})
_ANSWERS: Mapping[str, Callable[[object], object]] = {
    "http": lambda wanted: HttpOk(_url(wanted)),
    "command": lambda wanted: CommandOk(_command(wanted)),
}
READY = _ready(get_args(ReadyWord), _ANSWERS, f"{{http: URL}} or {_COMMAND_EXAMPLE}")
SERVER_READY = _ready(
    ("notify",),
    {"ports": lambda wanted: PortsBound(_ports(wanted)), **_ANSWERS},
    f"{_PORTS_EXAMPLE}, {{http: URL}} or {_COMMAND_EXAMPLE}",
)
CAPABILITIES = Reading(_capabilities, {"type": "array", "items": {"enum": list(_CAPABILITIES)}})
