"""What a process does where the clock leaps whenever the CPU is idle: in a virtual machine that counts instructions.

Its files are the host's. A process that waits for the host would see deadlines pass in an instant, so a process of
idle priority keeps the CPU busy (`scenarios/vm/busy_clock.py`) until all that the media needs is in memory.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hostio.resident import make_resident

BUSY_VARIABLE = "BLIPNET_BUSY_CLOCK"
"""Names the lock's file, where the clock is virtual."""


@contextmanager
def quiet_clock() -> Iterator[None]:
    """Let the clock leap: hold the lock that the busy process waits for."""
    lock = os.environ.get(BUSY_VARIABLE)
    if lock is None:
        yield
        return
    make_resident()
    with Path(lock).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def settle() -> None:
    """Have what this process runs in memory before it matters."""
    if BUSY_VARIABLE in os.environ:
        make_resident()
