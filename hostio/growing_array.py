"""A .npy file that can be loaded at any time while rows are appended: a killed process leaves what it recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

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
