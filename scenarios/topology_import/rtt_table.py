"""Reads tables of round-trip times (CSV): a square, or a line for each pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from hostio.timing import MS
from scenarios.errors import Mark, ScenarioError, all_right
from scenarios.language import yamlfile
from scenarios.language.csv_rows import Row, csv_rows
from scenarios.language.quantities import QuantityError, time_ns
from scenarios.language.wording import quoted
from scenarios.topology_import.imported import Imported, ImportedLink

_FROM = frozenset(("from", "source", "src", "a"))
_HOLES = frozenset(("", "-", "nan", "n/a", "none"))
_UNEQUAL_MS = 0.05
"""Round-trip times there and back that differ by less are the same."""

Cell: TypeAlias = tuple[tuple[str, str], float]
"""The site where a round-trip time was measured, and the other one; the time, ms."""

Cells: TypeAlias = dict[tuple[str, str], float]


def read_rtt_table(path: Path, source: str) -> Imported:
    """The sites and round-trip times of a table, and `source`; a pair without any has no link. ScenarioError.

    A line for each pair begins with the two sites and the time, below a header that begins with `from` or `source`;
    a square has the sites in its first line and in its first column. Times without a unit are milliseconds.
    """
    rows = tuple(csv_rows(yamlfile.read_text(path), str(path)))
    if len(rows) < 2:
        raise ScenarioError(str(path), "the table has no rows; write a header, and a row for each site or pair")
    cells = dict(all_right(_pairs(rows, str(path)) if _has_pairs(rows) else _square(rows, str(path))))
    sites = tuple(dict.fromkeys(_sites(rows)))
    return Imported(sites, tuple(_links(cells, source)), tuple(_remarks(cells, sites)))


def _has_pairs(rows: Sequence[Row]) -> bool:
    return rows[0].cells[0].lower() in _FROM


def _sites(rows: Sequence[Row]) -> Iterator[str]:
    """Every site, those without any time too: that no link leads there must not go unsaid."""
    yield from (site for row in rows[1:] for site in row.cells[:2]) if _has_pairs(rows) else rows[0].cells[1:]


def _pairs(rows: Sequence[Row], file: str) -> Iterator[Cell | ScenarioError]:
    known: set[tuple[str, str]] = set()
    for row in rows[1:]:
        if len(row.cells) < 3:
            yield ScenarioError(file, "a pair without its time; write from, to and the round-trip time", row.mark())
            continue
        here, there, text = row.cells[:3]
        for cell in _cell(here, there, text, file, row.mark(2)):
            if (here, there) in known:
                again = f"the time from {quoted(here)} to {quoted(there)} is there already; keep one"
                yield ScenarioError(file, again, row.mark())
            else:
                known.add((here, there))
                yield cell


def _square(rows: Sequence[Row], file: str) -> Iterator[Cell | ScenarioError]:
    header = rows[0].cells[1:]
    yield from _uneven(rows, file)
    for row in rows[1:]:
        if len(row.cells) > len(header) + 1:
            text = f"{len(row.cells)} cells; write {len(header) + 1}, as in the header"
            yield ScenarioError(file, text, row.mark(len(header) + 1))
        for number, (site, text) in enumerate(zip(header, row.cells[1:], strict=False), start=1):
            yield from _cell(row.cells[0], site, text, file, row.mark(number))


def _uneven(rows: Sequence[Row], file: str) -> Iterator[ScenarioError]:
    """What keeps a table from having one row and one column for each site."""
    of_columns = [(site, rows[0].mark(number)) for number, site in enumerate(rows[0].cells)][1:]
    of_rows = [(row.cells[0], row.mark()) for row in rows[1:]]
    for sites, others, missing in ((of_columns, of_rows, "row"), (of_rows, of_columns, "column")):
        names, there = [site for site, _ in sites], {site for site, _ in others}
        for number, (site, mark) in enumerate(sites):
            if site in names[:number]:
                yield ScenarioError(
                    file, f"{quoted(site)} is there already; give each site one column and one row", mark
                )
            elif site not in there:
                text = f"the table is not square: {quoted(site)} has no {missing}; give each site a column and a row"
                yield ScenarioError(file, text, mark)


def _cell(here: str, there: str, text: str, file: str, mark: Mark) -> Iterator[Cell | ScenarioError]:
    """Nothing for a hole."""
    if here == there or text.lower() in _HOLES:
        return
    try:
        rtt_ns = time_ns(text if not text.replace(".", "", 1).isdigit() else f"{text}ms")
    except QuantityError as error:
        yield ScenarioError(file, str(error), mark)
        return
    if rtt_ns <= 0:
        yield ScenarioError(file, f"{quoted(text)} is no round-trip time; write a positive one", mark)
    else:
        yield (here, there), rtt_ns / MS


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
