"""A page with commands to type: its fenced blocks, and whether an output is what the page says that they print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LEFT_OUT = "…"
_BOUNDS = re.compile(r" \([^()]* … [^()]*\)")
_NUMBER = re.compile(r"\d[\d.,]*( \d{3}\b)*")
_EXACT = "exit code "


@dataclass(frozen=True)
class Step:
    """Commands of a page, and the lines that they print; `…` alone stands for lines that the page leaves out."""

    commands: str
    shown: tuple[str, ...]


def steps(page: Path) -> Iterator[Step]:
    """Every block of commands with the block of output that follows it. ValueError if they do not alternate."""
    blocks = _BLOCK.findall(page.read_text(encoding="utf-8"))
    if [kind for kind, _ in blocks] != ["sh", "text"] * (len(blocks) // 2):
        raise ValueError(f"{page.name}: commands and output do not alternate")
    for (_, commands), (_, output) in zip(blocks[::2], blocks[1::2], strict=True):
        yield Step(commands, tuple(output.splitlines()))


def missing_line(shown: tuple[str, ...], printed: str) -> str | None:
    """The first shown line that was not printed, after those before it; None if all were.

    A line follows the one before it at once, unless the page leaves lines out between them. Of figures only the places
    are compared, not the values, and bounds, which a quiet machine's figures lack, not at all.
    """
    lines, gap = iter(map(_stable, printed.splitlines())), False
    for line in shown:
        if line == _LEFT_OUT:
            gap = True
            continue
        candidates = lines if gap else [next(lines, None)]
        if _stable(line) not in candidates:
            return line
        gap = False
    return None


def _stable(line: str) -> str:
    if line.startswith(_EXACT):
        return line
    return " ".join(_NUMBER.sub("#", _BOUNDS.sub("", line)).split())
