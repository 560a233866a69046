"""Errors that the command line prints, a line for each thing that is wrong with a file, an argument or the machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar


class Mark(NamedTuple):
    """A place in a text file: line and column, from 1; columns count characters."""

    line: int
    column: int


START = Mark(1, 1)
"""The place of a problem with a file as a whole."""


MOST_LINES = 20
"""So many problems of a file are told one by one."""


class ScenarioError(Exception):
    """A scenario or topology file, or an argument that changes one, is wrong: `file:line:column: message`.

    The message, one line, says what is wrong and what to write. For an argument, `mark` is None and `file` is the
    argument as it was typed: `--set seed=x: message`. `others`: further problems, told on lines of their own.
    """

    def __init__(
        self, file: str, message: str, mark: Mark | None = START, others: Sequence[ScenarioError] = ()
    ) -> None:
        super().__init__(file, message, mark, others)
        self.file = file
        self.message = message
        self.mark = mark
        self.others = tuple(others)

    def __str__(self) -> str:
        told = [self.problem, *(each.problem for each in self.others[: MOST_LINES - 1])]
        untold = 1 + len(self.others) - len(told)
        return "\n".join(told if not untold else [*told, f"{self.file}: and {untold} more"])

    def beside(self, other: ScenarioError) -> ScenarioError:
        """Both, this one first."""
        return ScenarioError(self.file, self.message, self.mark, (*self.others, other, *other.others))

    @property
    def problem(self) -> str:
        """The first problem, a line."""
        place = f":{self.mark.line}:{self.mark.column}" if self.mark else ""
        return printable(f"{self.file}{place}: {self.message}")


T = TypeVar("T")


def all_right(found: Iterable[T | ScenarioError]) -> list[T]:
    """What was found in a file, if nothing in it is wrong; else ScenarioError with all that is, in the file's order."""
    values: list[T] = []
    errors: list[ScenarioError] = []
    for each in found:
        if isinstance(each, ScenarioError):
            errors.append(each)
        else:
            values.append(each)
    if errors:
        first, *others = sorted(errors, key=lambda error: error.mark or START)
        raise ScenarioError(first.file, first.message, first.mark, others)
    return values


def printable(text: str) -> str:
    """The text with characters that a terminal would not print, or would obey, escaped as in Python."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class RunSpoiltError(Exception):
    """A run was started, and then kept from its end or from its reports; the message, one line, says by what."""


class ProgramError(Exception):
    """A program that the user gave cannot be started; the message, one line, says why and names its log."""


class MachineError(Exception):
    """This machine cannot do what is asked; the message, one line, says what is missing and, if known, the remedy."""


class BugError(Exception):
    """Blipnet itself is wrong, and the traceback is written down; the message, one line, says where."""
