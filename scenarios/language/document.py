"""A parsed file: plain data, and the place in the text of each key and each value, for error messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from scenarios.errors import Mark, ScenarioError

DataPath: TypeAlias = tuple[str | int, ...]
"""Keys and list indices from the top of the data down to a value."""


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
        """The error of the first problem: those of arguments come first, then those of the file in its order."""
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
