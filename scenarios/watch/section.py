"""A part of the screen with a title: as many of its items as find room, and how many there are besides. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scenarios.watch.frame import Line, Span, clipped, line, shortened, width_of, wrapped

_INDENT: Line = (Span("    "),)


CALM = 9
"""From this rank on an item tells nothing that is out of order."""


class Item(NamedTuple):
    """A row, and what there is to say below it, which is left out first. One of low `rank` stays when others go."""

    row: Line
    detail: Line | None = None
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """`aside`: what stands behind the title; `calm`: what items are that find no room, if all of them are calm."""

    title: str
    aside: str
    items: tuple[Item, ...]
    calm: str = ""

    def details(self, width: int) -> int:
        """How many rows the details take in a width."""
        return sum(len(_detail(item, width)) for item in self.items)


def lines_of(section: Section, rows: int, width: int) -> Iterator[Line]:
    """The section's title, and its items in their order, in at most `rows` lines beside the title."""
    yield _title(section, width)
    kept = _kept(section.items, rows)
    spare = rows - len(kept) - (len(kept) < len(section.items))
    details = _details(kept, spare, width)
    for number, item in enumerate(kept):
        yield clipped(item.row, width)
        yield from details.get(number, ())
    if rows and (left := len(section.items) - len(kept)):
        calm = sum(item.rank >= CALM for item in section.items) - sum(item.rank >= CALM for item in kept) == left
        more = f"more, {section.calm}" if calm and section.calm else "more"
        yield clipped(line(Span(f"  … {left} {more}", "dim")), width)


def _title(section: Section, width: int) -> Line:
    head = line(Span(section.title.upper(), "title"), " ", Span(section.aside, "dim"), " " if section.aside else "")
    return clipped((*head, Span("─" * max(0, width - width_of(head)), "dim")), width)


def _kept(items: Sequence[Item], rows: int) -> list[Item]:
    if len(items) <= rows:
        return [*items]
    ranked = sorted(range(len(items)), key=lambda number: items[number].rank)
    return [items[number] for number in sorted(ranked[: max(0, rows - 1)])]


def _detail(item: Item, width: int) -> list[Line]:
    return [] if item.detail is None else wrapped(_INDENT, item.detail, width)


def _details(items: Sequence[Item], spare: int, width: int) -> dict[int, list[Line]]:
    """The details that find room, by the number of their item, those of the lowest rank first. Each of them gets one
    row before any gets a second."""
    whole = {number: found for number, item in enumerate(items) if (found := _detail(item, width))}
    ranked = sorted(whole, key=lambda number: items[number].rank)[: max(0, spare)]
    spare -= len(ranked)
    shown: dict[int, list[Line]] = {}
    for number in ranked:
        lines = whole[number]
        more = min(spare, len(lines) - 1)
        spare -= more
        shown[number] = lines if more == len(lines) - 1 else _cut(1 + more, lines, width)
    return shown


def _cut(rows: int, lines: list[Line], width: int) -> list[Line]:
    """The first rows of a detail; an ellipsis says that it went on."""
    return [*lines[: rows - 1], (*shortened(lines[rows - 1], width - 1), Span("…", "dim"))]


def shared_rows(sections: Sequence[Section], rows: int, least: int, width: int) -> list[int]:
    """How many rows each section gets of so many beside titles, if `least` are to be left over, where that is
    possible: one each in turn until all have their items. Details may leave a third over."""
    given = [0] * len(sections)
    items = [len(each.items) for each in sections]
    details = [len(each.items) + each.details(width) for each in sections]
    for wanted, kept in ((items, least), (details, max(least, rows // 3))):
        left = rows - sum(given) - min(kept, max(0, rows - len(sections)))
        while left > 0 and (short := [n for n, want in enumerate(wanted) if given[n] < want]):
            for number in short[:left]:
                given[number] += 1
            left -= len(short[:left])
    return given
