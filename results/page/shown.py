"""What a page consists of, as data for its templates: texts, figures, tables. Pure.

Texts are as the run's files have them; the templates clean and escape them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from results.bounds.interval import Interval
from results.verdict.summary import Summary
from results.verdict.value_text import interval_text, number_text


@dataclass(frozen=True, slots=True)
class Records:
    """Where a figure comes from: files of the run directory, and a command that shows them, to be given there."""

    files: tuple[str, ...]
    command: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure that Bokeh draws into the element `target`, `height` pixels high. `label`: what it shows, in words;
    `legend`: colour and name of its lines, where there are several."""

    target: str
    title: str
    label: str
    height: int
    legend: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table. `path`, `value`: where the number is in `summary.json`, and what it is there."""

    text: str
    path: str = ""
    value: float | None = None
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; all rows have a cell for each column. `left`: so many columns are text."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    left: int = 1


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the figures at the top. `bounds`: within which the machine can have moved it; `of`: what it is part of."""

    name: str
    figure: Cell
    bounds: str
    of: str = ""


def texts(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> Table:
    """A table of texts."""
    cells = tuple(tuple(Cell(text, numeric=place >= left) for place, text in enumerate(row)) for row in rows)
    return Table(caption, tuple(columns), cells, left)


def value_at(summary: Summary, path: str) -> float | None:
    """The number at a path into the summary; names of fields, places in lists, keys of mappings."""
    found: object = summary
    for name in path.split("."):
        if isinstance(found, list):
            found = found[int(name)]
        elif isinstance(found, dict):
            found = found[name]
        else:
            found = getattr(found, name)
    return float(found) if isinstance(found, (int, float)) else None


def cell_at(summary: Summary, path: str, unit: str = "", none: str = "–") -> Cell:
    """The number at a path into the summary, with its unit."""
    value = value_at(summary, path)
    return Cell(none if value is None else f"{number_text(value)}{unit}", path, value, numeric=True)


def bounds_text(summary: Summary, path: str, unit: str) -> str:
    """The bounds of the number at a path; empty if they are the number itself, or not known."""
    interval: Interval | None = (summary.bounds or {}).get(path)
    return interval_text(value_at(summary, path), interval, unit).strip(" ()")
