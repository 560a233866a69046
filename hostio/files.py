"""Files that others read while they are written: replaced whole, followed line by line, or arrays that grow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


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


_MAGIC = b"\x93NUMPY\x01\x00"
_ALIGNMENT = 64
_COUNT_WIDTH = 20


class GrowingArray:
    """Rows of one dtype, written unbuffered in the .npy format (NumPy enhancement proposal 1, version 1.0)."""

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        self._dtype = dtype
        self._count = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb", buffering=0)
        self._file.write(self._header())

    def append(self, rows: npt.NDArray[Any]) -> None:
        """Write the rows, then the header that counts them: in this order it never counts a row that is missing."""
        self._file.write(np.ascontiguousarray(rows, self._dtype).tobytes())
        self._count += len(rows)
        self._file.seek(0)
        self._file.write(self._header())
        self._file.seek(0, 2)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _header(self) -> bytes:
        """Of one length whatever the count, so that it can be overwritten; a Python literal may hold blanks."""
        shape = f"({self._count:{_COUNT_WIDTH}d},)"
        text = f"{{'descr': {self._dtype.descr!r}, 'fortran_order': False, 'shape': {shape}, }}"
        padded = text + " " * (-(len(_MAGIC) + 2 + len(text) + 1) % _ALIGNMENT) + "\n"
        return _MAGIC + len(padded).to_bytes(2, "little") + padded.encode("latin1")
