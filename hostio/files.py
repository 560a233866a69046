"""Files that others read while they are written: replaced whole, followed line by line, or arrays that grow.

An OSError names the file, also one from a write to a file that is open.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

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
    """Replace `target`, whole or not at all, by a UTF-8 text. Its folder is made, but not what that lies in: a run
    directory that was removed stays so."""
    target.parent.mkdir(exist_ok=True)
    with replacing(target) as partial, naming(target):
        partial.write_text(text, encoding="utf-8")


def write_array(target: Path, rows: npt.NDArray[Any]) -> None:
    """Write a structured array in the .npy format, whole or not at all; of one that does not fit nothing takes room.

    Unlike numpy's `save`, which leaves the number of the error out, it says what is wrong.
    """
    with replacing(target) as partial:
        array = GrowingArray(partial, rows.dtype)
        try:
            array.append(rows)
        finally:
            array.close()


def append_line(path: Path, line: str) -> None:
    """Append a line, whole or not at all: a part would make one line with the next."""
    with naming(path), path.open("ab", buffering=0) as file:
        add_whole(file, line.encode())


def add_whole(file: BinaryIO, data: bytes) -> None:
    """Write to the end of an unbuffered file, all or nothing."""
    before = file.seek(0, os.SEEK_END)
    try:
        write_all(file, data)
    except OSError:
        file.truncate(before)
        raise


def write_all(file: BinaryIO, data: bytes) -> None:
    """Write all bytes to an unbuffered file. One system call may write a part: 2 GiB at most, or what just fits."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Have an OSError in the block name this file if it names none."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


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
        path.parent.mkdir(exist_ok=True)
        self._path = path
        self._file = path.open("wb", buffering=0)
        with naming(path):
            write_all(self._file, self._header())

    def append(self, rows: npt.NDArray[Any]) -> None:
        """Write the rows, then the header that counts them: in this order it never counts a row that is missing."""
        with naming(self._path):
            add_whole(self._file, np.ascontiguousarray(rows, self._dtype).tobytes())
            self._count += len(rows)
            self._file.seek(0)
            write_all(self._file, self._header())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _header(self) -> bytes:
        """Of one length whatever the count, so that it can be overwritten; a Python literal may hold blanks."""
        shape = f"({self._count:{_COUNT_WIDTH}d},)"
        text = f"{{'descr': {self._dtype.descr!r}, 'fortran_order': False, 'shape': {shape}, }}"
        padded = text + " " * (-(len(_MAGIC) + 2 + len(text) + 1) % _ALIGNMENT) + "\n"
        return _MAGIC + len(padded).to_bytes(2, "little") + padded.encode("latin1")
