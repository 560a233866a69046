"""The one error of reading: a scenario or topology file, or an argument that changes it, is wrong."""

from __future__ import annotations

from typing import NamedTuple


class Mark(NamedTuple):
    """A place in a text file, both counted from 1; columns count characters."""

    line: int
    column: int


START = Mark(1, 1)
"""Where a problem with a file as a whole is reported."""


class ScenarioError(Exception):
    """What is wrong and what would be right, in one line: `file:line:column: message`.

    A wrong argument has no mark, and `file` is the argument as it was typed: `--set seed=x: message`.
    """

    def __init__(self, file: str, message: str, mark: Mark | None = START) -> None:
        super().__init__(file, message, mark)
        self.file = file
        self.message = message
        self.line = mark.line if mark else None
        self.column = mark.column if mark else None

    def __str__(self) -> str:
        place = "" if self.line is None else f":{self.line}:{self.column}"
        return _printable(f"{self.file}{place}: {self.message}")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class MachineError(Exception):
    """This machine cannot run scenarios; one line says what is missing, and the remedy if a package brings it."""
