"""Relay kinds: from what a scenario names to a relay version, or to the program in a folder with a `relay.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from relay_app import programs
from relay_app.versions.version_names import VERSIONS
from results.run_files.faults import Fault, Kill, ProcessFault, Stop
from results.run_files.relay_program import (
    RelayProgram,
)
from scenarios.language.document import DataPath, Document, Problem
from scenarios.language.process_events import RelaySuccession
from scenarios.language.relay_file import PROGRAM_FILE, relay_program
from scenarios.language.schema import ScenarioFile
from scenarios.language.wording import quoted
from topologies.sandbox import RUNTIME

_SHIPPED = Path(programs.__file__).parent


@dataclass(frozen=True, slots=True)
class RelayKinds:
    """The kinds of a scenario. `names`: of each, by what the scenario says; `programs`: those that are, by name."""

    names: Mapping[str, str]
    programs: dict[str, RelayProgram]

    def named(self, fault: Fault) -> Fault:
        """The fault with the name of the kind that it brings, for what the scenario says."""
        if isinstance(fault, ProcessFault) and isinstance(fault.action, Stop | Kill) and fault.action.successor:
            return replace(fault, action=replace(fault.action, successor=self.names[fault.action.successor]))
        return fault


def relay_kinds(scenario: ScenarioFile, document: Document) -> RelayKinds:
    """Find the kinds that a scenario names. ScenarioError if one is no folder with a valid `relay.yaml`."""
    names: dict[str, str] = {}
    found: dict[str, RelayProgram] = {}
    for path, kind in _named(scenario):
        if kind in VERSIONS or kind in names:
            names.setdefault(kind, kind)
            continue
        folder = _SHIPPED / kind if kind in programs.PROGRAMS else _folder(kind, path, document)
        if problem := _folder_problem(folder, kind, path):
            raise document.error([problem])
        program = relay_program(folder, shipped=folder.parent == _SHIPPED)
        name = folder.name if folder.name not in (*found, *VERSIONS) else str(folder)
        names[kind], found[name] = name, program.limited(scenario.relays.descriptors)
    return RelayKinds(names, found)


def _named(scenario: ScenarioFile) -> Iterator[tuple[DataPath, str]]:
    yield ("relays", "kind"), scenario.relays.kind
    for cluster, kind in scenario.relays.kinds.items():
        yield ("relays", "kinds", cluster), kind
    for index, event in enumerate(scenario.events):
        if isinstance(event, RelaySuccession) and event.kind is not None:
            yield ("events", index, "kind"), event.kind


def _folder(kind: str, path: DataPath, document: Document) -> Path:
    return document.path_of(kind, path).resolve()


def _folder_problem(folder: Path, kind: str, path: DataPath) -> Problem | None:
    if not (folder / PROGRAM_FILE).is_file():
        return Problem(path, f"there is no {PROGRAM_FILE} in {quoted(kind)}; write the path of a relay's folder")
    if RUNTIME in folder.parents:
        return Problem(path, f"{quoted(kind)} lies under {RUNTIME}, which a run covers; move it elsewhere")
    return None
