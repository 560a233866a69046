"""A parsed file: plain data, and where in the text each key and each value stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from scenarios.errors import Mark, ScenarioError

DataPath: TypeAlias = tuple[str | int, ...]
"""Keys and list indices from the top of the data down to a value."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the value at `path`, or with its key."""

    path: DataPath
    message: str
    at_key: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A file's data with its marks. `arguments`: values that an argument set, by the argument as it was typed."""

    file: str
    data: dict[str, object]
    keys: Mapping[DataPath, Mark]
    values: Mapping[DataPath, Mark]
    arguments: Mapping[DataPath, str] = field(default_factory=dict)

    def error(self, problems: Iterable[Problem]) -> ScenarioError:
        """The first of the problems: arguments before the file, then in the order of the file."""
        return min(map(self._located, problems), key=lambda error: (error.line or 0, error.column or 0))

    def _located(self, problem: Problem) -> ScenarioError:
        marks = self.keys if problem.at_key else self.values
        if problem.path not in self.arguments and problem.path in marks:
            return ScenarioError(self.file, problem.message, marks[problem.path])
        for path in (problem.path[:end] for end in range(len(problem.path), -1, -1)):
            if path in self.arguments:
                return ScenarioError(self.arguments[path], problem.message, None)
            if path in self.values:
                return ScenarioError(self.file, problem.message, self.values[path])
        return ScenarioError(self.file, problem.message)


def path_text(path: DataPath) -> str:
    """A path as `--set` takes it."""
    return ".".join(map(str, path))
