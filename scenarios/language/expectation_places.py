"""Where in a scenario file its expectations stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from scenarios.language import yamlfile
from scenarios.language.overrides import overridden, parse_override


def expectation_lines(path: Path, overrides: Sequence[str] = ()) -> Mapping[str, int]:
    """The line of each expectation of a file, from 1, by its text; those that `overrides` set stand in no file.
    ScenarioError."""
    document = overridden(yamlfile.read(path), [parse_override(text) for text in overrides])
    stated = document.data.get("expect")
    places = {index: ("expect", index) for index in range(len(stated))} if isinstance(stated, list) else {}
    set_here = ("expect",) in document.arguments
    return {
        str(stated[index]): document.values[place].line
        for index, place in places.items()
        if isinstance(stated, list) and place in document.values and place not in document.arguments and not set_here
    }
