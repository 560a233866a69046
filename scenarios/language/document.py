"""A parsed file: plain data, and the place in the text of each key and each value, for error messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, TypeVar

from scenarios.errors import START, Mark, ScenarioError

DataPath: TypeAlias = tuple[str | int, ...]
"""Keys and list indices from the top of the data down to a value."""


V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the value at `path` or, if `at_key`, with its key."""

    path: DataPath
    message: str
    at_key: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A file's data, and the places of its keys and values. `arguments`: for values set on the command line, the
    argument as it was typed."""

    file: str
    data: dict[str, object]
    keys: Mapping[DataPath, Mark]
    values: Mapping[DataPath, Mark]
    arguments: Mapping[DataPath, str] = field(default_factory=dict)

    def error(self, problems: Iterable[Problem]) -> ScenarioError:
        """The error of all problems: those of arguments come first, then those of the file in its order."""
        located = sorted(((*self._place(problem), problem.message) for problem in problems), key=_order)
        (file, mark, message), *others = dict.fromkeys(located)
        return ScenarioError(file, message, mark, [ScenarioError(file, text, at) for file, at, text in others])

    def part(self, key: str) -> Document:
        """The mapping at a key, as a document of the same file."""
        data = self.data[key]
        if not isinstance(data, dict):
            raise ValueError(f"{key} is no mapping")
        keys, values, arguments = _below(key, self.keys), _below(key, self.values), _below(key, self.arguments)
        return Document(self.file, data, keys, values, arguments)

    def path_of(self, name: str, place: DataPath) -> Path:
        """The path that the value at a place is: given in a file it counts from that, in an argument from here."""
        base = Path() if place in self.arguments else Path(self.file).parent
        return base / Path(name).expanduser()

    def _place(self, problem: Problem) -> tuple[str, Mark | None]:
        marks = self.keys if problem.at_key else self.values
        if problem.path not in self.arguments and problem.path in marks:
            return self.file, marks[problem.path]
        for path in (problem.path[:end] for end in range(len(problem.path), -1, -1)):
            if path in self.arguments:
                return self.arguments[path], None
            if path in self.values:
                return self.file, self.values[path]
        return self.file, START


def _order(located: tuple[str, Mark | None, str]) -> tuple[int, int]:
    _, mark, _ = located
    return mark or (0, 0)


def _below(key: str, places: Mapping[DataPath, V]) -> dict[DataPath, V]:
    return {path[1:]: value for path, value in places.items() if path[0:1] == (key,)}


def path_text(path: DataPath) -> str:
    """A path as `--set` takes it."""
    return ".".join(map(str, path))
