"""The house stands: imports run one way, downwards, and each foreign library is known to one module."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent

ROOMS = ("benchmarks", "run_scenario", "scenarios", "results", "controller", "relay_app", "topologies", "hostio")
"""Top to bottom; a room may import itself and those below it."""

STRANGERS = {("relay_app", "topologies")}
"""Neighbours that do not know each other, although one stands above the other."""

OWNERS = {
    "click": {"scenarios/cli/commands.py"},
    "hdrh": {"hostio/histogram.py"},
    "junitparser": {"scenarios/cli/junit.py"},
    "matplotlib": {"results/report/canvas.py"},
    "mininet": {"topologies/fabric.py"},
    "numba": {"hostio/compiled.py"},
    "polars": {"results/run_files/records.py"},
    "pydantic": {
        *("scenarios/language/values.py", "scenarios/language/event_schema.py", "scenarios/language/schema.py"),
        "results/run_files/documents.py",
    },
    "redis": {"relay_app/sessions/directory.py"},
    "rich": {"scenarios/cli/console.py"},
    "os_ken": {"controller/openflow.py"},
    "ryu": {"controller/openflow.py"},
    "yaml": {"scenarios/language/yamlfile.py"},
}


def sources() -> list[Path]:
    rooms = [path for room in ROOMS for path in sorted((PROJECT / room).rglob("*.py"))]
    return [PROJECT / "run_scenario.py", *rooms]


def imports_of(path: Path) -> set[str]:
    """Every module a file imports, inside functions too, by its full dotted name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room_of(path: Path) -> str:
    return path.relative_to(PROJECT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PROJECT)))
def test_imports_run_downwards(path: Path) -> None:
    here = room_of(path)
    for module in imports_of(path):
        there = module.split(".")[0]
        if there in ROOMS:
            assert ROOMS.index(there) >= ROOMS.index(here), f"{here} imports {module}, which stands above it"
            assert (here, there) not in STRANGERS, f"{here} imports {module}, but they do not know each other"


def test_no_import_cycles_between_modules() -> None:
    known = {module_of(path): path for path in sources()}
    edges = {
        module: {target for name in imports_of(path) if (target := owner(name, known))}
        for module, path in known.items()
    }
    for module in edges:
        assert module not in reachable(edges, module), f"{module} imports itself through others"


def test_each_foreign_library_is_known_to_one_module() -> None:
    importers: dict[str, set[str]] = defaultdict(set)
    for path in sources():
        for module in imports_of(path):
            importers[module.split(".")[0]].add(str(path.relative_to(PROJECT)))
    for library, owners in OWNERS.items():
        assert importers[library] == owners, f"{library} is imported by {sorted(importers[library])}"


def module_of(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def owner(name: str, known: dict[str, Path]) -> str | None:
    """The project's module that an imported dotted name comes from."""
    if name in known:
        return name
    parent = name.rpartition(".")[0]
    return parent if parent in known else None


def reachable(edges: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    pending = [*edges[start]]
    while pending:
        module = pending.pop()
        if module not in seen:
            seen.add(module)
            pending += edges[module]
    return seen
