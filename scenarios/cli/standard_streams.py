"""Standard output and standard error that fail in one known way, whatever they lead to.

A character that the encoding lacks is replaced. The first write that fails, because the reader is gone or the file
system full, raises OutputLostError; later ones are discarded, because a program that ends may print more.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedWriter, FileIO, RawIOBase, TextIOWrapper
from typing import Any, TextIO


class OutputLostError(Exception):
    """Standard output cannot be written. Not an OSError: libraries take a broken pipe into their own hands."""


class _Sink(RawIOBase):
    """Passes the bytes of a stream on, and discards them after an error, which it keeps; `silent`: raises none."""

    def __init__(self, below: Any, *, silent: bool) -> None:
        self._below = below
        self._silent = silent
        self.error: OSError | None = None

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return bool(self._below.isatty())

    def fileno(self) -> int:
        return int(self._below.fileno())

    def write(self, data: Any, /) -> int | None:
        if self.error is None:
            try:
                return self._written(data)
            except OSError as error:
                self.error = error
                if not self._silent:
                    raise OutputLostError(error.strerror) from error
        return len(memoryview(data))

    def _written(self, data: Any) -> int:
        count = self._below.write(data)
        while count is None:  # a pipe that does not block, as of some CI runners, and is full
            select.select([], [self._below], [])
            count = self._below.write(data)
        return int(count)


@dataclass(frozen=True, slots=True)
class Output:
    """A wrapped stream."""

    text: TextIO
    sink: _Sink

    def finish(self) -> OSError | None:
        """Write what is buffered; the error that lost output, at any time, or None."""
        with suppress(OutputLostError):
            self.text.flush()
        return self.sink.error


@contextmanager
def wrapped_streams() -> Iterator[Output]:
    """Wrap both streams inside the block; gives standard output. Errors of standard error can be told to nobody."""
    _open_closed_descriptors()
    before = sys.stdout, sys.stderr
    output = _wrapped(sys.stdout, 1, "replace", silent=False)
    errors = _wrapped(sys.stderr, 2, "backslashreplace", silent=True)
    sys.stdout, sys.stderr = output.text, errors.text
    try:
        yield output
    finally:
        sys.stdout, sys.stderr = before
        errors.finish()


def _wrapped(stream: TextIO | None, descriptor: int, unprintable: str, *, silent: bool) -> Output:
    """`stream` is None if its descriptor was closed when the program started."""
    if stream is None:
        sink = _Sink(FileIO(descriptor, "w", closefd=False), silent=silent)
        return Output(TextIOWrapper(BufferedWriter(sink), "utf-8", unprintable), sink)
    stream.flush()
    sink = _Sink(getattr(stream.buffer, "raw", stream.buffer), silent=silent)
    lines = bool(stream.line_buffering)
    return Output(TextIOWrapper(BufferedWriter(sink), stream.encoding, unprintable, line_buffering=lines), sink)


def _open_closed_descriptors() -> None:
    """Open /dev/null for each standard descriptor that is closed: the next file opened would take its number, and get
    what is printed."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
