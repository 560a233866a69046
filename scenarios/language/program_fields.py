"""Readers of the values of a `relay.yaml`, as `fields` has those of scenario files."""

from __future__ import annotations

from typing import get_args
from urllib.parse import urlsplit

from results.run_files.relay_program import Capability, CommandOk, HttpOk, Ready, ReadyWord
from scenarios.language.fields import Reading, one_of, word
from scenarios.language.quantities import SIZE_PATTERN, size_bytes
from scenarios.language.wording import found, quoted, suggestion

_WORDS = get_args(ReadyWord)
_CAPABILITIES = get_args(Capability)
_URL_EXAMPLE = "http://127.0.0.1:8080/ready"
_COMMAND_EXAMPLE = "{command: [./ready, --verbose]}"


def _ready(value: object) -> Ready:
    """One of the words, or a mapping of the key `http` or `command`."""
    if isinstance(value, dict) and len(value) == 1:
        ((key, wanted),) = value.items()
        if key == "http":
            return HttpOk(_url(wanted))
        if key == "command":
            return CommandOk(_command(wanted))
        raise ValueError(f"unknown key {quoted(str(key))}; {suggestion(str(key), ('http', 'command'))}")
    if isinstance(value, dict):
        raise ValueError(f"ready is one of {', '.join(_WORDS)}, {{http: URL}} or {_COMMAND_EXAMPLE}")
    read: Ready = one_of(*_WORDS)(value)
    return read


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
READY = Reading(
    _ready,
    {
        "anyOf": [
            {"enum": list(_WORDS)},
            {"type": "object", "properties": {"http": {"type": "string"}}, "required": ["http"]},
            {"type": "object", "properties": {"command": {"type": "array"}}, "required": ["command"]},
        ]
    },
)
CAPABILITIES = Reading(_capabilities, {"type": "array", "items": {"enum": list(_CAPABILITIES)}})
