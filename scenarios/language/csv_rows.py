"""Reads tables (CSV) row by row, each cell with its place in the text. The only importer of csv."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scenarios.errors import Mark, ScenarioError

_DELIMITERS = ",;\t"
"""What may be between two cells; a table has the one that is most often in its first line."""


class Row(NamedTuple):
    """A row of a table: the line that it ends on, its cells, and the columns of the text in which they begin."""

    line: int
    cells: tuple[str, ...]
    columns: tuple[int, ...]

    def mark(self, cell: int = 0) -> Mark:
        """The place of a cell; of the last for one that is missing."""
        return Mark(self.line, self.columns[min(cell, len(self.columns) - 1)])


def csv_rows(text: str, file: str) -> Iterator[Row]:
    """The rows that have content, without the white space round it, between commas, semicolons or tabs. ScenarioError,
    in which `file` is the file's name."""
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                stripped = tuple(map(str.strip, cells))
                yield Row(reader.line_num, stripped, tuple(_columns(lines[reader.line_num - 1], stripped, delimiter)))
    except csv.Error as error:
        raise ScenarioError(file, f"this is no CSV ({error}); check this line", Mark(reader.line_num, 1)) from None


def _columns(line: str, cells: Sequence[str], delimiter: str) -> Iterator[int]:
    """Where cells begin in the line; one that stands there otherwise, in quotes, begins where it is looked for."""
    begin = 0
    for cell in cells:
        found = line.find(cell, begin) if cell else -1
        at = begin if found < 0 else found
        yield at + 1
        end = line.find(delimiter, at + len(cell))
        begin = end + 1 if end >= 0 else len(line)
