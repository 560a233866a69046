"""The library and its plugin import nothing of the testbed, and foreign libraries only where they may."""

from __future__ import annotations

import sys
from collections import defaultdict

import pytest
from project_names import LIBRARY, PROJECT, ROOMS
from test_layers import MODULES, imports_of, in_cycles

MAY_IMPORT = {
    "blipnet": {"blipnet"},
    "blipnet.frames": {"blipnet", "numpy", "pandas"},
    "pytest_blipnet": {"blipnet", "pytest", "pytest_blipnet"},
}
"""By package or, before that, by module."""

TYPES_ONLY = {("blipnet.result", "pandas")}
"""Imported for the type checker."""


def modules() -> dict[str, set[str]]:
    """What each module of both packages imports, by dotted names."""
    return {
        ".".join(path.relative_to(LIBRARY).with_suffix("").parts).removesuffix(".__init__"): imports_of(path)
        for path in sorted(LIBRARY.rglob("*.py"))
    }


@pytest.mark.parametrize("module", modules())
def test_a_module_imports_what_it_may(module: str) -> None:
    package = module.split(".")[0]
    imported = {name.split(".")[0] for name in modules()[module]} - sys.stdlib_module_names
    excused = {library for known, library in TYPES_ONLY if known == module}
    assert imported - excused <= MAY_IMPORT.get(module, MAY_IMPORT[package])


def test_no_room_imports_the_library() -> None:
    importers = [module for module, path in MODULES.items() if any(_is_ours(name) for name in imports_of(path))]
    assert importers == []
    assert not {*ROOMS} & {path.name for path in LIBRARY.iterdir()}


def _is_ours(name: str) -> bool:
    return name.split(".")[0] in ("blipnet", "pytest_blipnet")


def test_there_are_no_import_cycles() -> None:
    graph = defaultdict[str, set[str]](set)
    for module, names in modules().items():
        for name in names:
            for target in (name, name.rpartition(".")[0]):
                if target in modules() and target != module:
                    graph[module].add(target)
    graph.pop("blipnet", None)  # offers what the others have; the plugin alone imports it
    assert in_cycles(graph) == []


def test_it_is_a_distribution_with_types_and_the_entry_point() -> None:
    text = (PROJECT / "blipnet" / "pyproject.toml").read_text()
    assert 'blipnet = "pytest_blipnet.plugin"' in text
    assert all((LIBRARY / package / "py.typed").exists() for package in ("blipnet", "pytest_blipnet"))
