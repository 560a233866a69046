"""A standard input that is a leash: when whoever holds its other end lets go, this process is interrupted."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_CHUNK = 4096


@contextmanager
def leashed(descriptor: int) -> Iterator[None]:
    """Inside the block this process gets SIGTERM once the descriptor's other end is closed."""
    ends, begin_to_end = os.pipe()
    watching = threading.Thread(target=_watch, args=(descriptor, ends), daemon=True)
    watching.start()
    try:
        yield
    finally:
        os.close(begin_to_end)
        watching.join()
        os.close(ends)


def _watch(descriptor: int, ends: int) -> None:
    """Wait until one of both is closed; for what is written to the first, nobody waits."""
    while True:
        ready, _, _ = select.select([descriptor, ends], [], [])
        if ends in ready:
            return
        if not os.read(descriptor, _CHUNK):
            os.kill(os.getpid(), signal.SIGTERM)
            return
