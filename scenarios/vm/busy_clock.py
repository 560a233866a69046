"""Keeps a virtual clock from leaping: one process that is never done, and gives way to every other.

While the machine's only CPU is idle its clock leaps to the next timer. That is what makes waiting cheap, but a
process that waits for the host (its files are the host's) would see a deadline pass in an instant. So this process
spins, except while somebody holds the lock: then everything that runs has what it needs in memory.
"""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

_TURNS = 100_000


def spin(lock: Path) -> None:
    """Spin at idle priority, for ever."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with lock.open("w") as file:
        while True:
            fcntl.flock(file, fcntl.LOCK_EX)
            fcntl.flock(file, fcntl.LOCK_UN)
            for _ in range(_TURNS):
                pass


if __name__ == "__main__":
    spin(Path(sys.argv[1]))
