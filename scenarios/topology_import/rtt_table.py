"""Reads tables of round-trip times (CSV): a square, or a line for each pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hostio.timing import MS
from scenarios.errors import Mark, ScenarioError
from scenarios.language import yamlfile
from scenarios.language.csv_rows import Row, csv_rows
from scenarios.language.quantities import QuantityError, time_ns
from scenarios.language.wording import quoted
from scenarios.topology_import.imported import Imported, ImportedLink

_FROM = frozenset(("from", "source", "src", "a"))
_HOLES = frozenset(("", "-", "nan", "n/a", "none"))
_UNEQUAL_MS = 0.05
"""Round-trip times there and back that differ by less are the same."""

Cells = dict[tuple[str, str], float]
"""Round-trip time, ms, by the site where it was measured and the other one."""


def read_rtt_table(path: Path, source: str) -> Imported:
    """The sites and round-trip times of a table, and `source`; a pair without any has no link. ScenarioError.

    A line for each pair begins with the two sites and the time, below a header that begins with `from` or `source`;
    a square has the sites in its first line and in its first column. Times without a unit are milliseconds.
    """
    rows = tuple(csv_rows(yamlfile.read_text(path), str(path)))
    if len(rows) < 2:
        raise ScenarioError(str(path), "the table has no rows; write a header, and a row for each site or pair")
    cells = _pairs(rows, str(path)) if _has_pairs(rows) else _square(rows, str(path))
    sites = tuple(dict.fromkeys(_sites(rows)))
    return Imported(sites, tuple(_links(cells, source)), tuple(_remarks(cells, sites)))


def _has_pairs(rows: Sequence[Row]) -> bool:
    return rows[0].cells[0].lower() in _FROM


def _sites(rows: Sequence[Row]) -> Iterator[str]:
    """Every site, those without any time too: that no link leads there must not go unsaid."""
    yield from (site for row in rows[1:] for site in row.cells[:2]) if _has_pairs(rows) else rows[0].cells[1:]


def _pairs(rows: Sequence[Row], file: str) -> Cells:
    cells: Cells = {}
    for line, row in rows[1:]:
        if len(row) < 3:
            raise ScenarioError(file, "a pair without its time; write from, to and the round-trip time", Mark(line, 1))
        cell = _cell(row[0], row[1], row[2], file, line)
        if cell.keys() & cells.keys():
            text = f"the time from {quoted(row[0])} to {quoted(row[1])} is there already; keep one"
            raise ScenarioError(file, text, Mark(line, 1))
        cells |= cell
    return cells


def _square(rows: Sequence[Row], file: str) -> Cells:
    header, names = rows[0].cells[1:], [row.cells[0] for row in rows[1:]]
    if twice := [site for index, site in enumerate(header) if site in header[:index]]:
        raise ScenarioError(file, f"{quoted(twice[0])} twice in the header; give each site one column", Mark(1, 1))
    if sorted(header) != sorted(names):
        odd = sorted(set(header) ^ set(names)) or sorted(names)
        text = f"the table is not square: {', '.join(map(quoted, odd[:3]))}; give each site a column and a row"
        raise ScenarioError(file, text)
    cells: Cells = {}
    for line, row in rows[1:]:
        if len(row) > len(header) + 1:
            raise ScenarioError(file, f"{len(row)} cells; write {len(header) + 1}, as in the header", Mark(line, 1))
        for site, text in zip(header, row[1:], strict=False):
            cells |= _cell(row[0], site, text, file, line)
    return cells


def _cell(here: str, there: str, text: str, file: str, line: int) -> Cells:
    if here == there or text.lower() in _HOLES:
        return {}
    try:
        rtt_ns = time_ns(text if not text.replace(".", "", 1).isdigit() else f"{text}ms")
    except QuantityError as error:
        raise ScenarioError(file, str(error), Mark(line, 1)) from None
    if rtt_ns <= 0:
        raise ScenarioError(file, f"{quoted(text)} is no round-trip time; write a positive one", Mark(line, 1))
    return {(here, there): rtt_ns / MS}


def _links(cells: Cells, source: str) -> Iterator[ImportedLink]:
    for a, b in dict.fromkeys(tuple(sorted(pair)) for pair in cells):
        both = [cells[pair] for pair in ((a, b), (b, a)) if pair in cells]
        yield ImportedLink(a, b, round(sum(both) / len(both), 3), source, assumed=False)


def _remarks(cells: Mapping[tuple[str, str], float], sites: Sequence[str]) -> Iterator[str]:
    for index, a in enumerate(sites):
        for b in sites[index + 1 :]:
            there, back = cells.get((a, b)), cells.get((b, a))
            if there is None and back is None:
                yield f"{a}–{b} has no time, and so no link"
            elif there is not None and back is not None and abs(there - back) > _UNEQUAL_MS:
                yield f"{a}–{b} takes {there:g} ms measured from {a} and {back:g} ms from {b}: the mean is taken"
