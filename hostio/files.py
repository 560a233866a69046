"""Files that others read while they are written: replaced whole, or followed line by line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A path beside `target` to write to; renamed to `target` at the end of the block, removed if that fails.

    A reader of `target` finds the old file or the whole new one. Two writers of one target must not overlap.
    """
    partial = target.with_name(f"{target.name}.partial")
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def write_whole(target: Path, text: str) -> None:
    """Replace `target`, whole or not at all, by a UTF-8 text; folders that are missing above it are made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as partial:
        partial.write_text(text, encoding="utf-8")


class Tail:
    """Reads the whole lines added to a growing file since the last call; a missing file counts as empty."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def new_lines(self, *, last: bool = False) -> bytes:
        """What was added up to the last newline; with `last` also what follows it."""
        if not self._path.exists():
            return b""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            added = file.read()
        found = added if last else added[: added.rfind(b"\n") + 1]
        self._offset += len(found)
        return found
