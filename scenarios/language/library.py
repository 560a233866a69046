"""Finds scenario files, and makes the plan of a run from one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import scenarios
from results.plan import Plan
from scenarios.language import semantics, yamlfile
from scenarios.language.build import plan_of
from scenarios.language.catalogue import load_topology, topology_names
from scenarios.language.document import Document, Problem
from scenarios.language.overrides import Override, overridden, parse_override
from scenarios.language.schema import ScenarioFile, validated
from scenarios.language.wording import quoted, suggestion
from topologies.model import Topology

LIBRARY = Path(scenarios.__file__).parent


def scenario_files(library: Path = LIBRARY) -> tuple[Path, ...]:
    """The scenarios that come with the project."""
    return tuple(sorted(library.rglob("*.yaml")))


def standard_scenarios(library: Path = LIBRARY) -> tuple[Path, ...]:
    """Those that every relay version must pass before it is deployed."""
    return tuple(sorted((library / "suite").glob("*.yaml")))


def load_plan(path: Path, *, seed: int | None = None, overrides: Sequence[str] = ()) -> Plan:
    """The plan of the scenario in a file, without an environment. Touches nothing but files.

    `overrides` are texts `path=value`, applied in order; `seed`, if given, is applied last. ScenarioError if
    anything is wrong.
    """
    changes = [parse_override(text) for text in overrides]
    if seed is not None:
        changes.append(Override(("seed",), seed, f"--seed {seed}"))
    document = overridden(yamlfile.read(path), changes)
    scenario = validated(ScenarioFile, document)
    topology = _topology(scenario.topology, document)
    problems = tuple(semantics.problems(scenario, topology))
    if problems:
        raise document.error(problems)
    return plan_of(scenario, topology)


def _topology(name: str, document: Document) -> Topology:
    names = topology_names()
    if name not in names:
        raise document.error([Problem(("topology",), f"unknown topology {quoted(name)}; {suggestion(name, names)}")])
    return load_topology(name)
