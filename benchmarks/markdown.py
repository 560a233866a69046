"""Tables in Markdown. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def row(cells: Sequence[str]) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |"


def head(columns: Sequence[str]) -> tuple[str, str]:
    """The row of the names of columns, and the one below it that makes it the head."""
    return row(columns), f"|{'---|' * len(columns)}"
