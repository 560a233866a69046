"""The reference of scenario files and topology files as a Markdown page, made of their JSON schemas. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

_INTRODUCTION = """\
# Scenario files, topology files and sweep files: all keys

This page is made of the types that read the files (`.venv/bin/python -m scenarios.cli.schemas`), as are the JSON
schemas `scenarios/scenario.schema.json`, `topologies/topology.schema.json` and `scenarios/sweep.schema.json`, from
which an editor completes and explains keys. `docs/blips.md` says more of the events, `docs/expectations.md` of what can
be expected, `docs/sweeps.md` of sweeps.

A number has its unit: times `us`, `ms`, `s` or `min`, shares `%`, rates `bit`, `kbit`, `mbit` or `gbit` per second,
numbers per time `/s` or `/min`, sizes of frames and packets `B`. Times count from the first media packet. An unknown
key, a number without its unit and a YAML anchor are errors; each gets a line with its place and what would be right
(`run_scenario.py check FILE`).

"""

_ENDINGS = {
    "(us|ms|s|min)$": "time",
    "(%)$": "share",
    "(bit|kbit|mbit|gbit)$": "rate",
    "(/min|/s)$": "number per time",
    "(B)$": "size",
    "-[0-9]{1,5}$": "range",
    "/": "path",
    "\\S": "text",
}
"""What a value is called, by the end of the pattern that it must match."""


def page(scenario: Schema, topology: Schema, sweep: Schema, example: str) -> str:
    """The page; `example` is the text of a whole scenario file."""
    return _INTRODUCTION + "\n".join(
        (
            "## A whole file\n",
            f"```yaml\n{example.strip()}\n```\n",
            *_sections("A scenario's keys", scenario),
            *_events(scenario),
            *_sections("A topology's keys", topology),
            *_sections("A sweep's keys", sweep),
        )
    )


def _sections(title: str, schema: Schema) -> Iterator[str]:
    """The keys of a file, then those of each of its sections but the events."""
    yield f"## {title}\n"
    yield from _table(schema["properties"], schema)
    for key, field in schema["properties"].items():
        if (section := _section_of(field, schema)) is not None:
            yield f"### `{key}`\n"
            yield f"{field['description']}{' A list of:' if 'items' in field else ''}\n"
            yield from _table(section["properties"], section)
            yield from _parts(section["properties"], schema)


def _section_of(field: Schema, schema: Schema) -> Schema | None:
    """The mapping that a key holds, or a list of which it holds; None if it holds another value, or events."""
    reference = field.get("$ref") or field.get("items", {}).get("$ref")
    return schema["$defs"][reference.rpartition("/")[2]] if reference else None


def _events(schema: Schema) -> Iterator[str]:
    words = {
        word: schema["$defs"][reference.rpartition("/")[2]]
        for word, reference in schema["properties"]["events"]["items"]["discriminator"]["mapping"].items()
    }
    shared = {
        key: field
        for key, field in next(iter(words.values()))["properties"].items()
        if all(key in each["properties"] for each in words.values()) and key != "what"
    }
    yield "## `events`\n"
    yield "A list of mappings, each with its word as `what`. Every event has:\n"
    yield from _table(shared, next(iter(words.values())))
    for word, model in words.items():
        yield f"### `what: {word}`\n"
        yield f"{model['description']}\n"
        own = {key: field for key, field in model["properties"].items() if key not in shared and key != "what"}
        yield from _table(own, model) if own else ()
        yield from _parts(own, schema)
        yield f"```yaml\nevents:\n  - {{{', '.join(_example(word, model, own))}}}\n```\n"


def _example(word: str, model: Schema, own: Schema) -> Iterator[str]:
    """An event of this word: the keys that it must have, or the first of its own that stands for several."""
    yield f"what: {word}"
    wanted = [key for key in model["properties"] if key in model["required"] and key != "what"]
    choices = [key for key, field in own.items() if key not in wanted and _is_choice(field)]
    for key in [*wanted, *([] if (own.keys() - {"link"}) & set(wanted) else choices[:1])]:
        yield f"{key}: {_written(model['properties'][key]['examples'][0])}"


def _is_choice(field: Schema) -> bool:
    """Whether a key that may be left out is one of several ways to say the same: it has an example, and no default."""
    return "examples" in field and "default" not in field


def _parts(fields: Schema, schema: Schema) -> Iterator[str]:
    """The tables of the mappings that keys hold."""
    for key, field in fields.items():
        for each in field.get("anyOf", (field,)):
            if (section := _section_of(each, schema)) is not None:
                yield f"`{key}`: {section['description']}{' A list of:' if 'items' in each else ''}\n"
                yield from _table(section["properties"], section)


def _table(fields: Schema, owner: Schema) -> Iterator[str]:
    yield "| key | value | unless given | |"
    yield "|---|---|---|---|"
    for key, field in fields.items():
        unless = "must be given" if key in owner.get("required", ()) else _default(field)
        yield f"| `{key}` | {_value(field)} | {unless} | {_in_cell(field.get('description', ''))} |"
    yield ""


def _default(field: Schema) -> str:
    return f"`{_written(field['default'])}`" if field.get("default", "") != "" else ""


def _value(field: Schema) -> str:
    """What a value is, and an example of it."""
    example = f", as `{_written(field['examples'][0])}`" if "examples" in field else ""
    return _in_cell(f"{_kind(field)}{example}")


def _kind(field: Schema) -> str:
    """What a value is called, in a word or by all its choices."""
    if choices := [each for each in field.get("anyOf", ()) if each.get("type") != "null"]:
        return " or ".join(dict.fromkeys(_kind(each) for each in choices))
    if "enum" in field:
        return ", ".join(f"`{each}`" for each in field["enum"])
    if "pattern" in field:
        return next((name for end, name in _ENDINGS.items() if field["pattern"].endswith(end)), "name")
    if field.get("type") == "array":
        return f"list of {_kind(field['items'])}"
    if isinstance(field.get("additionalProperties"), Mapping):
        return f"mapping of names to {_kind(field['additionalProperties'])}"
    return {"integer": "whole number", "number": "number", "boolean": "`true` or `false`", "string": "text"}.get(
        str(field.get("type")), "mapping"
    )


def _written(value: object) -> str:
    """A value as it stands in a file, on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_written(each)}' for key, each in value.items())}}}"
    return f'"{value}"' if isinstance(value, str) and value.isdecimal() else str(value)


def _in_cell(text: str) -> str:
    return text.replace("|", "\\|")
