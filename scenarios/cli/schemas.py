"""Writes the JSON schemas of scenario, topology and relay files, `summary.json` and what commands print, generated from
the types that read and write them and from the docstrings of these types, the reference `docs/scenarios.md` from the
schemas, and `docs/records.md` from the types of the Parquet files' rows:

    .venv/bin/python -m scenarios.cli.schemas
"""

from __future__ import annotations

import ast
import inspect
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

from hostio.files import write_whole
from results.run_files.validation import FieldInfo, Section, Strict, json_schema, read_of
from results.verdict.summary import Summary
from scenarios.cli.json_output import CommandOutputs
from scenarios.cli.record_page import records_page
from scenarios.cli.reference import page
from scenarios.language import yamlfile
from scenarios.language.readings import Reading
from scenarios.language.relay_file import RelayFile
from scenarios.language.schema import ScenarioFile, TopologyFile
from scenarios.language.settings_section import settings_of
from scenarios.paths import PROJECT
from scenarios.sweeps.sweep_file import SweepFile


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """A schema in the repository, and the type whose files it describes."""

    path: Path
    title: str
    of: type

    def text(self) -> str:
        """The schema as JSON text."""
        head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": self.title}
        return json.dumps({**json_schema(self.of, described), **head}, indent=2, ensure_ascii=False) + "\n"


SCHEMAS = (
    SchemaFile(PROJECT / "results" / "summary.schema.json", "Summary of a Blipnet run", Summary),
    SchemaFile(
        PROJECT / "scenarios" / "output.schema.json", "Output of Blipnet's commands with --json", CommandOutputs
    ),
    SchemaFile(PROJECT / "scenarios" / "relay.schema.json", "Blipnet relay program", RelayFile),
    SchemaFile(PROJECT / "scenarios" / "scenario.schema.json", "Blipnet scenario", ScenarioFile),
    SchemaFile(PROJECT / "scenarios" / "sweep.schema.json", "Blipnet sweep", SweepFile),
    SchemaFile(PROJECT / "topologies" / "topology.schema.json", "Blipnet topology", TopologyFile),
)

_SETTINGS: Mapping[type, type] = {
    section.model: section.of
    for field in ScenarioFile.model_fields.values()
    for section in field.metadata
    if isinstance(section, Section)
}
"""Dataclasses of settings, by the model as which a section of a scenario is read."""


def described(of: type) -> dict[str, dict[str, object]]:
    """Description, default and examples of each key that a class has in a file."""
    if not issubclass(of, Strict):
        return {name: {"description": text} for name, text in attribute_docstrings(of).items()}
    if of in _SETTINGS:
        texts = {key: _sentence(setting.meaning) for key, (_, setting) in settings_of(_SETTINGS[of]).items()}
    else:
        texts = dict(attribute_docstrings(of))
    return {field.alias or name: dict(_facts(field, texts.get(name))) for name, field in of.model_fields.items()}


def _facts(field: FieldInfo, text: str | None) -> Iterator[tuple[str, object]]:
    """What a schema says of a field. `text`: its docstring, if it has one; its bounds are appended."""
    reading = read_of(field)
    known = reading.schema.get("description") if isinstance(reading, Reading) else None
    yield "description", " ".join(filter(None, (text, _sentence(known) if isinstance(known, str) else None)))
    if isinstance(reading, Reading) and not field.is_required() and field.default is not None:
        yield "default", reading.write(field.default)
    if field.examples:
        yield "examples", [_plain(example) for example in field.examples]


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _plain(example: str) -> object:
    """The data of an example that is written as in a file."""
    return yamlfile.parse(f"example: {example}", "example").data["example"]


def attribute_docstrings(of: type) -> Mapping[str, str]:
    """Docstrings below the fields of a class and of its bases, each on one line, by field name."""
    found: dict[str, str] = {}
    for each in reversed(of.__mro__):
        if each.__module__.split(".")[0] in ("controller", "results", "scenarios"):
            found |= dict(_own_docstrings(each))
    return found


@cache
def _tree_of(module: str) -> ast.Module:
    return ast.parse(inspect.getsource(import_module(module)))


def _own_docstrings(of: type) -> Iterator[tuple[str, str]]:
    definitions = (each for each in _tree_of(of.__module__).body if isinstance(each, ast.ClassDef))
    body = next((each.body for each in definitions if each.name == of.__qualname__), [])
    for field, text in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            yield field.target.id, " ".join(str(ast.literal_eval(text.value)).split())


REFERENCE = PROJECT / "docs" / "scenarios.md"
RECORDS = PROJECT / "docs" / "records.md"


def reference() -> str:
    """The reference of the files that people write, as a page."""
    scenario, topology, sweep = (json_schema(of, described) for of in (ScenarioFile, TopologyFile, SweepFile))
    return page(scenario, topology, sweep, (PROJECT / "scenarios" / "one-blip.yaml").read_text(encoding="utf-8"))


if __name__ == "__main__":
    for schema in SCHEMAS:
        write_whole(schema.path, schema.text())
    write_whole(REFERENCE, reference())
    write_whole(RECORDS, records_page())
