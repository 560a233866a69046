"""Reads tables (CSV) row by row, each with its place in the text. The only importer of csv."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import NamedTuple

from scenarios.errors import Mark, ScenarioError


class Row(NamedTuple):
    """A row of a table, and the line that it ends on."""

    line: int
    cells: tuple[str, ...]


def csv_rows(text: str, file: str) -> Iterator[Row]:
    """The rows that have content, without the white space round it. ScenarioError, in which `file` is the file's
    name."""
    reader = csv.reader(text.splitlines())
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                yield Row(reader.line_num, tuple(map(str.strip, cells)))
    except csv.Error as error:
        raise ScenarioError(file, f"this is no CSV ({error}); check this line", Mark(reader.line_num, 1)) from None
