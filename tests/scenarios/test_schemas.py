"""The JSON schemas in the repository: as the types make them, and good enough to check files without the project."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from controller.settings import ControllerSettings
from results.run_files.plan import FidelityLimits
from scenarios.cli.schemas import SCHEMAS, SchemaFile
from scenarios.errors import ScenarioError
from scenarios.language import yamlfile
from scenarios.language.library import LIBRARY, load_plan
from scenarios.language.topology_files import CATALOGUE
from scenarios.paths import PROJECT

ERRORS = Path(__file__).parent / "errors"
SCENARIO = json.loads((PROJECT / "scenarios" / "scenario.schema.json").read_text(encoding="utf-8"))
TOPOLOGY = json.loads((PROJECT / "topologies" / "topology.schema.json").read_text(encoding="utf-8"))
Validator = jsonschema.Draft202012Validator
"""Does not check the schema itself each time, which takes a second; one of the tests does."""

SHAPE = ("has no unit", "has the unknown unit", "unknown key", "is missing; add", "unknown event", "is not known here")
"""What messages say of mistakes that a schema can tell too; others need the topology, arithmetic or the metrics."""


def _is_yaml(path: Path) -> bool:
    try:
        yamlfile.read(path)
    except ScenarioError:
        return False
    return True


WRONG = [
    path.with_suffix(".yaml")
    for path in sorted(ERRORS.glob("*.txt"))
    if not path.stem.startswith("expectation-")
    and any(mark in path.read_text(encoding="utf-8") for mark in SHAPE)
    and _is_yaml(path.with_suffix(".yaml"))
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.path.name)
def test_a_schema_is_what_the_types_make_it(schema: SchemaFile) -> None:
    fresh = schema.path.read_text(encoding="utf-8") == schema.text()
    assert fresh, f"{schema.path.name} is not what the types say; run .venv/bin/python -m scenarios.cli.schemas"
    Validator.check_schema(json.loads(schema.text()))


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.path.name)
def test_a_schema_describes_everything(schema: SchemaFile) -> None:
    document = json.loads(schema.path.read_text(encoding="utf-8"))
    parts: dict[str, dict[str, Any]] = {"": document, **document["$defs"]}
    keys = {f"{name}.{key}": part for name, whole in parts.items() for key, part in whole["properties"].items()}
    keys = {key: part for key, part in keys.items() if not key.endswith(".what") or "const" not in part}
    assert [name for name, part in {**parts, **keys}.items() if not part.get("description")] == []


@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("*.yaml")), ids=lambda path: str(path.relative_to(LIBRARY)))
def test_every_scenario_of_the_library_is_as_its_schema_says(path: Path) -> None:
    Validator(SCENARIO).validate(yamlfile.read(path).data)


@pytest.mark.parametrize("path", sorted(CATALOGUE.glob("*.yaml")), ids=lambda path: path.name)
def test_every_topology_of_the_catalogue_is_as_its_schema_says(path: Path) -> None:
    Validator(TOPOLOGY).validate(yamlfile.read(path).data)


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_a_scenario_with_a_mistake_of_shape_is_refused(path: Path) -> None:
    with pytest.raises(jsonschema.ValidationError):
        Validator(SCENARIO).validate(yamlfile.read(path).data)


def test_what_the_schema_gives_as_default_is_the_default() -> None:
    sections = {"controller": "ControllerSettings", "fidelity": "FidelityLimits"}
    stated = {
        f"{section}.{key}": part["default"]
        for section, name in sections.items()
        for key, part in SCENARIO["$defs"][name]["properties"].items()
        if key != "max_reroutes"  # no limit, which has no word
    }
    scalars = {key: each for key, each in stated.items() if not isinstance(each, list)}
    settings = [f"{key}={each if isinstance(each, str) else json.dumps(each)}" for key, each in scalars.items()]
    plan = load_plan(LIBRARY / "one-blip.yaml", overrides=settings)
    assert len(settings) == len(fields(ControllerSettings)) + len(fields(FidelityLimits)) - 2
    assert (plan.controller, plan.fidelity) == (ControllerSettings(), FidelityLimits())
