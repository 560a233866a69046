"""The house stands: imports run one way, downwards, as each package says, and each foreign library has one owner.

A package's `__init__` has a sentence "May import `a`, `b.c` and `d`." (or "May import nothing of the project."). In the
`__init__` of a room, a folder at the top, it names the other rooms that anything in it may import, and the inner rooms
of its own that the modules beside that `__init__` may. In an inner room it names, exactly, each package of which it may
import modules: `topologies` are the modules right in that folder, `topologies.wire` those of that inner room.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent

ROOMS = ("benchmarks", "run_scenario", "scenarios", "results", "controller", "relay_app", "topologies", "hostio")
"""Top to bottom; a room may import itself and those below it."""

STRANGERS = {("relay_app", "topologies")}
"""Neighbours that do not know each other, although one stands above the other."""

OWNERS = {
    "aioice": "relay_app/webrtc/peer.py",
    "aiortc": "relay_app/webrtc/peer.py",
    "bokeh": "results/page/canvas.py",
    "click": "scenarios/commands",
    "cryptography": "scenarios/cluster/certificates.py",
    "dask": "scenarios/cluster",
    "distributed": "scenarios/cluster",
    "eventlet": "controller/openflow.py",
    "hdrh": "hostio/histogram.py",
    "jinja2": "results/page/html.py",
    "junitparser": "scenarios/cli/junit.py",
    "markupsafe": "results/page/html.py",
    "matplotlib": "results/report/canvas.py",
    "mininet": "topologies/fabric.py",
    "networkx": "topologies/graphs.py",
    "numba": "hostio/compiled.py",
    "os_ken": "controller/openflow.py",
    "playwright": "benchmarks/browser.py",
    "polars": "results/run_files/records.py",
    "prometheus_client": "scenarios/run/prometheus_text.py",
    "pydantic": "results/run_files/validation.py",
    "pydantic_core": "results/run_files/validation.py",
    "redis": "relay_app/sessions/directory.py",
    "rich": "scenarios/cli/console.py",
    "ryu": "controller/openflow.py",
    "scapy": "scenarios/language/captures.py",
    "scipy": "results/comparison",
    "typing_extensions": "scenarios/process_faults/fault_target.py",
    "yaml": "scenarios/language/yamlfile.py",
}
"""The only module, or inner room, that imports each foreign library. numpy, whose arrays are the language of the
project, has none."""

_SENTENCE = re.compile(r"May import (nothing of the project|(?:[^.`]|`[^`]*`)*`[^`]*`)\.(?:\s|$)")
_NAME = re.compile(r"`([\w.]+)`")


def sources() -> list[Path]:
    rooms = [path for room in ROOMS for path in sorted((PROJECT / room).rglob("*.py"))]
    return [PROJECT / "run_scenario.py", *rooms]


def module_of(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in sources()}
PACKAGES = {module: path for module, path in MODULES.items() if path.name == "__init__.py"}
INNER_ROOMS = sorted(package for package in PACKAGES if "." in package)


@cache
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


def owner(name: str) -> str | None:
    """The project's module that an imported dotted name comes from."""
    parent = name.rpartition(".")[0]
    return name if name in MODULES else parent if parent in MODULES else None


@cache
def edges() -> Mapping[str, set[str]]:
    """The modules of the project that each of them imports."""
    return {
        module: {target for name in imports_of(path) if (target := owner(name))} - {module}
        for module, path in MODULES.items()
    }


def room_of(module: str) -> str:
    return module.split(".")[0]


def package_of(module: str) -> str:
    return module if module in PACKAGES else module.rpartition(".")[0] or module


def permitted(docstring: str) -> set[str]:
    """The packages that the sentence in a docstring names; ValueError if there is not exactly one sentence."""
    sentences = _SENTENCE.findall(" ".join(docstring.split()) + " ")
    if len(sentences) != 1:
        raise ValueError("one sentence is wanted: May import `a`, `b.c` and `d`.")
    return set(_NAME.findall(sentences[0]))


def permitted_by(package: str) -> set[str]:
    return permitted(ast.get_docstring(ast.parse(PACKAGES[package].read_text(encoding="utf-8"))) or "")


def in_cycles(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """The nodes of a graph from which a way leads back to them."""

    def reachable(start: str) -> set[str]:
        seen: set[str] = set()
        pending = [*graph.get(start, ())]
        while pending:
            node = pending.pop()
            if node not in seen:
                seen.add(node)
                pending += graph.get(node, ())
        return seen

    return sorted(node for node in graph if node in reachable(node))


def forbidden(imported: Mapping[str, set[str]], owner_of: Callable[[str], str]) -> list[str]:
    """What modules import against the sentence of the package that `owner_of` gives for them."""
    return [
        f"{module} imports {', '.join(sorted(wrong))}"
        for module, packages in imported.items()
        if packages and (wrong := packages - permitted_by(owner_of(module)))
    ]


def test_imports_run_downwards() -> None:
    upwards = [
        f"{module} imports {target}"
        for module in MODULES
        for target in edges()[module]
        if ROOMS.index(room_of(target)) < ROOMS.index(room_of(module))
    ]
    assert upwards == []


def test_strangers_do_not_import_each_other() -> None:
    acquainted = [
        f"{module} imports {target}"
        for module in MODULES
        for target in edges()[module]
        if (room_of(module), room_of(target)) in STRANGERS
    ]
    assert acquainted == []


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_package_may_import_exists(package: str) -> None:
    assert permitted_by(package) <= PACKAGES.keys() - {package}


def test_modules_import_what_their_rooms_may() -> None:
    modules = [module for module in MODULES if room_of(module) in PACKAGES]
    assert modules
    found = {module: {room_of(target) for target in edges()[module]} - {room_of(module)} for module in modules}
    assert forbidden(found, room_of) == []


def test_modules_import_what_their_inner_rooms_may() -> None:
    modules = [module for module in MODULES if package_of(module) in INNER_ROOMS]
    assert modules
    found = {module: {package_of(target) for target in edges()[module]} - {package_of(module)} for module in modules}
    assert forbidden(found, package_of) == []


def test_modules_beside_inner_rooms_import_those_that_their_room_names() -> None:
    modules = [module for module in MODULES if package_of(module) in ROOMS]
    assert modules
    found = {
        module: {package_of(target) for target in edges()[module] if room_of(target) == room_of(module)}
        - {room_of(module)}
        for module in modules
    }
    assert forbidden(found, room_of) == []


def test_no_import_cycles_between_modules() -> None:
    assert in_cycles(edges()) == []


def test_no_import_cycles_between_inner_rooms() -> None:
    """An inner room counts as one; modules that lie right in a room, its vocabulary and its mains, each as itself."""

    def whole(module: str) -> str:
        return package_of(module) if package_of(module) in INNER_ROOMS else module

    between: dict[str, set[str]] = defaultdict(set)
    for module, targets in edges().items():
        between[whole(module)] |= {whole(target) for target in targets} - {whole(module)}
    assert in_cycles(between) == []


def test_each_foreign_library_is_known_to_one_module() -> None:
    importers: dict[str, set[str]] = defaultdict(set)
    for path in sources():
        for library in {room_of(name) for name in imports_of(path)}:
            if library not in sys.stdlib_module_names and library not in (*ROOMS, "numpy"):
                importers[library].add(_owner_of(library, path))
    assert importers == {library: {path} for library, path in OWNERS.items()}


def _owner_of(library: str, path: Path) -> str:
    """The library's owner if a file is that or lies in it, else the file."""
    owner = OWNERS.get(library, "")
    return owner if PROJECT / owner in (path, path.parent) else str(path.relative_to(PROJECT))


@pytest.mark.parametrize(
    ("docstring", "names"),
    [
        ("A room. May import nothing of the project.", set()),
        ("A room.\n\nMay import `hostio`.\n", {"hostio"}),
        ("Pure. May import `a.b`,\n`c` and `d`. More of `e`.", {"a.b", "c", "d"}),
    ],
)
def test_the_sentence_is_read(docstring: str, names: set[str]) -> None:
    assert permitted(docstring) == names


@pytest.mark.parametrize("docstring", ["", "A room.", "May import hostio.", "May import `a`. May import `b`."])
def test_a_package_without_its_sentence_is_refused(docstring: str) -> None:
    with pytest.raises(ValueError, match="one sentence is wanted"):
        permitted(docstring)


def test_cycles_are_found() -> None:
    assert in_cycles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}, "e": {"e"}}) == ["b", "c", "e"]
