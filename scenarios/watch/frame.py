"""Lines of text with tones, and how they are cut, filled and set side by side. Pure.

Every character takes one cell of the terminal: `printed` sees to it for texts of others.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import Literal, NamedTuple, TypeAlias

Tone = Literal["plain", "dim", "strong", "title", "good", "warn", "bad", "move", "lane", "alarm"]
"""What a text is, from which a terminal with colours makes one; each text is plain without it."""


class Span(NamedTuple):
    """A piece of a line."""

    text: str
    tone: Tone = "plain"


Line: TypeAlias = tuple[Span, ...]

EMPTY: Line = ()


def line(*parts: Span | str) -> Line:
    """A line of these pieces; those that are only text are plain, those without any are left out."""
    spans = (Span(part) if isinstance(part, str) else part for part in parts)
    return tuple(span for span in spans if span.text)


def width_of(of: Iterable[Span]) -> int:
    """Its cells."""
    return sum(len(span.text) for span in of)


def text_of(of: Line) -> str:
    """Its text alone."""
    return "".join(span.text for span in of)


def clipped(of: Line, width: int) -> Line:
    """The line in at most so many cells; where something is cut off an ellipsis says so."""
    if width_of(of) <= width:
        return of
    kept = shortened(of, width - 1)
    return line(*kept, Span("…" if width else "", kept[-1].tone if kept else "plain"))


def shortened(of: Line, width: int) -> Line:
    """The first so many cells of a line."""
    kept: list[Span] = []
    for span in of:
        kept.append(Span(span.text[: max(0, width - width_of(kept))], span.tone))
    return line(*kept)


def filled(of: Line, width: int) -> Line:
    """The line in exactly so many cells."""
    cut = clipped(of, width)
    return line(*cut, " " * (width - width_of(cut)))


def between(left: Line, right: Line, width: int) -> Line:
    """One line at both edges; of the left one as much as there is room for."""
    right = clipped(right, width)
    return (*filled(left, width - width_of(right)), *right)


def beside(left: Sequence[Line], right: Sequence[Line], left_width: int, width: int) -> Iterator[Line]:
    """Two columns with a rule between them."""
    for one, other in zip_longest(left, right, fillvalue=EMPTY):
        yield (*filled(one, left_width), Span(" │ ", "dim"), *clipped(other, width - left_width - 3))


def wrapped(head: Line, text: Line, width: int) -> list[Line]:
    """A text that goes on under itself, behind a head. Its tone is that of its first piece, and of the rest of each."""
    indent, room = width_of(head), max(8, width - width_of(head))
    lines: list[Line] = []
    tones = [span.tone for span in text for _ in span.text]
    begin, whole = 0, one_cell(text_of(text))
    for piece in wrap(whole, room) or [""]:
        begin = max(0, whole.find(piece, begin))
        spans = (Span(char, tone) for char, tone in zip(piece, tones[begin:], strict=False))
        lines.append((*(head if not lines else (Span(" " * indent),)), *joined(spans)))
        begin += len(piece)
    return [clipped(each, width) for each in lines]


def joined(spans: Iterable[Span]) -> Iterator[Span]:
    """As few spans as there are changes of tone."""
    kept: Span | None = None
    for span in spans:
        if kept and kept.tone == span.tone:
            kept = Span(kept.text + span.text, kept.tone)
        else:
            if kept:
                yield kept
            kept = span
    if kept:
        yield kept


def one_cell(text: str) -> str:
    """A text of somebody else with a question mark for each character that is a command to a terminal, or not as wide
    as one cell."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if (char.isascii() and char.isprintable()) or _is_narrow(char) else "?" for char in text)


def printed(of: Line) -> Line:
    """The line, each of whose characters is one cell."""
    return tuple(Span(one_cell(span.text), span.tone) for span in of)


def _is_narrow(char: str) -> bool:
    if char.isascii() or unicodedata.category(char)[0] in "CMZ":
        return False
    return unicodedata.east_asian_width(char) not in "WF"


_ASCII = str.maketrans("–→←⇄·…│─━┃×●○✕▲✓▶■█▓░▁▂▃▄▅▆▇◆", "-><=.~|-=|x*oX!+>##%._.:-=+*^")


def as_ascii(of: Line) -> Line:
    """The line for a terminal that has ASCII alone; of each character there is one."""
    return tuple(Span(span.text.translate(_ASCII).encode("ascii", "replace").decode(), span.tone) for span in of)
