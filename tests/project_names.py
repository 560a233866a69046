"""Every name that the project's files define or use, and every text in which the project writes names in backquotes."""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LIBRARY = PROJECT / "blipnet" / "src"
"""The packages for others, which no room imports."""
ROOMS = ("benchmarks", "scenarios", "results", "controller", "relay_app", "topologies", "hostio")
_C_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
"""A string literal of a program in C or Go, whose comments are prose."""
_WORD = re.compile(r"[A-Za-z_]\w*")
_OPTION = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_QUOTING_COMMENT = re.compile("#.*`")
"""Matches in every file that has a comment with backquotes, and in few others."""
_IDENTIFIERS = ("id", "attr", "arg", "name", "asname")
"""Fields of syntax nodes that hold a name."""
_NOT_OURS = {".git", ".venv", ".vm", "__pycache__", "build", "runs"}


@dataclass
class Names:
    """What the project's files define and use."""

    words: set[str] = field(default_factory=set)
    """Identifiers, words of string literals, keys and values of YAML and JSON files, words of shell scripts."""
    options: set[str] = field(default_factory=set)
    """Command line options, with their dashes."""
    attributes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """What each dotted module, and each class by its dotted name, defines."""

    def add_text(self, text: str) -> None:
        """Every word and option of a text that is no prose."""
        self.words |= set(_WORD.findall(text))
        self.options |= set(_OPTION.findall(text))

    def add_module(self, module: str, tree: ast.Module) -> None:
        """All that a module defines, calls, imports and says in string literals that are no documentation."""
        self.words |= set(module.split("."))
        self.attributes[module] |= set()
        self._define(module, tree)
        nodes = list(ast.walk(tree))
        prose = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                self.add_text(node.value)
            self.words |= set(_identifiers(node))

    def _define(self, owner: str, node: ast.AST) -> None:
        """Names bound in a module or class body, and what methods assign to their object."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                self.attributes[owner].add(child.name)
                self._define(f"{owner}.{child.name}", child)
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                self.attributes[owner].add(child.name)
                self.attributes[owner] |= set(_assigned_attributes(child))
            elif isinstance(child, ast.Name):
                self.attributes[owner].add(child.id)
            elif isinstance(child, ast.alias):
                self.attributes[owner].add(child.asname or child.name.split(".")[0])
            else:
                self._define(owner, child)


def _assigned_attributes(function: ast.AST) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def _identifiers(node: ast.AST) -> Iterator[str]:
    for name in node._fields:
        if name in _IDENTIFIERS and isinstance(value := getattr(node, name), str):
            yield from value.split(".")


def module_of(path: Path) -> str:
    """The dotted name by which a file of the project is imported."""
    parts = path.relative_to(LIBRARY if path.is_relative_to(LIBRARY) else PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def files() -> Iterator[Path]:
    """Every file of the project, but what git, tools and runs leave."""
    pending = [PROJECT]
    while pending:
        for path in pending.pop().iterdir():
            if path.name in _NOT_OURS or path.name.endswith("_cache"):
                continue
            if path.is_dir():
                pending.append(path)
            else:
                yield path


def sources() -> list[Path]:
    """The project's Python files without its tests."""
    found = [path for room in ROOMS for path in sorted((PROJECT / room).rglob("*.py"))]
    found += sorted(LIBRARY.rglob("*.py"))
    return [PROJECT / "run_scenario.py", PROJECT / "setup.py", *found]


def sources_of_tests() -> list[Path]:
    """The Python files of its tests."""
    return sorted((PROJECT / "tests").rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def names_of(paths: list[Path]) -> Names:
    """What these Python files define and use."""
    names = Names()
    for path in paths:
        names.add_module(module_of(path), tree_of(path))
    return names


def project_names() -> Names:
    """What the project's code, scenario files, schemas and scripts define and use; not its tests, nor its prose."""
    names = names_of(sources())
    for path in files():
        place, text = path.relative_to(PROJECT).parts, path.read_bytes().decode(errors="replace")
        if path.suffix == ".json" and place[0] != "tests":
            names.add_text(" ".join(_said(json.loads(text))))
        elif (path.suffix in (".yaml", ".toml") and place[0] != "tests") or place[0] in ("scripts", ".ci", "ci"):
            names.add_text(text)
        elif path.suffix in (".c", ".go"):
            names.add_text(" ".join(_C_STRING.findall(text)))
    return names


def _said(document: object) -> Iterator[str]:
    """Keys and strings of a JSON document, but descriptions: those of schemas are docstrings."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield key
            yield from () if key == "description" and isinstance(value, str) else _said(value)
    elif isinstance(document, list):
        for value in document:
            yield from _said(value)
    elif isinstance(document, str):
        yield document


@dataclass(frozen=True)
class Prose:
    """A text written for people: its place, what stands in backquotes in it."""

    file: Path
    line: int
    quoted: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file.relative_to(PROJECT)}:{self.line}"


def prose_of_source(path: Path) -> Iterator[Prose]:
    """Docstrings, string literals that stand as statements below what they describe, and comments."""
    text = path.read_text(encoding="utf-8")
    for node in _statements(tree_of(path)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from _prose(path, node.lineno, " ".join(node.value.value.split()))
    if _QUOTING_COMMENT.search(text):
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield from _prose(path, token.start[0], token.string)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every statement within a node, and what holds statements besides."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield child
            yield from _statements(child)


def prose_of_page(path: Path) -> Iterator[Prose]:
    """The lines of a Markdown page, without its code blocks."""
    text = _FENCE.sub(lambda block: "\n" * block.group().count("\n"), path.read_text(encoding="utf-8"))
    for number, line in enumerate(text.splitlines(), 1):
        yield from _prose(path, number, line)


def _prose(path: Path, line: int, text: str) -> Iterator[Prose]:
    if quoted := tuple(_CODE.findall(text)):
        yield Prose(path, line, quoted)
