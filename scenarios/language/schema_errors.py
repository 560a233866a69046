"""Translates the schema library's error list into problems a person can act on. Pure: dictionaries in, problems out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from scenarios.language.document import DataPath, Problem
from scenarios.language.wording import found, quoted, suggestion

Keys = Callable[[DataPath], Mapping[str, str]]
"""The keys known at a place, in the library's notation, each with an example."""


def problems(errors: Sequence[Mapping[str, Any]], keys: Keys) -> tuple[Problem, ...]:
    """One problem per error, without the missing keys that an unknown key beside them probably means."""
    misspelt = {error["loc"][:-1] for error in errors if error["type"] == "extra_forbidden"}
    return tuple(_problems(errors, misspelt, keys))


def _problems(errors: Iterable[Mapping[str, Any]], misspelt: set[DataPath], keys: Keys) -> Iterator[Problem]:
    for error in errors:
        place, kind = error["loc"], error["type"]
        path = _in_data(place)
        if kind == "extra_forbidden":
            key = str(path[-1])
            yield Problem(path, f"unknown key {quoted(key)}; {suggestion(key, keys(place[:-1]))}", at_key=True)
        elif kind != "missing":
            yield _wrong_value(error, path)
        elif place[:-1] not in misspelt:
            yield Problem(path[:-1], _missing(str(path[-1]), keys(place[:-1])))


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
    """The path without an event's tag, which the library puts behind the event's index."""
    return place[:2] + place[3:] if place[0] == "events" else place
