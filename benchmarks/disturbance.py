"""Programs that take processor time from a run, for tests of its bounds: `python -m benchmarks.disturbance KIND S`.

core: one core in pieces of 20 to 200 ms, at real-time priority 60, above all of a run's threads; it needs root. busy:
every core, at normal priority. Both end after S seconds, or with their standard input.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Literal

from scenarios.paths import PROJECT

Disturbance = Literal["core", "busy"]

_PRIORITY = 60
_PIECE_S = (0.02, 0.2)
_PAUSE_S = (0.2, 0.8)


@contextmanager
def disturbed_by(kind: Disturbance | None, seconds: float) -> Iterator[None]:
    """The disturbance inside the block, for no longer than `seconds`; none if it is None."""
    if kind is None:
        yield
        return
    argv = [sys.executable, "-m", "benchmarks.disturbance", kind, str(seconds)]
    # Its end is that of its standard input: a signal would leave the processes that it started.
    with subprocess.Popen(argv, cwd=PROJECT, stdin=subprocess.PIPE):
        yield


def take_a_core(seconds: float) -> None:
    """Keep the last core busy in pieces, with pauses of 200 to 800 ms between them."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
    end = monotonic() + seconds
    while monotonic() < end:
        sleep(random.uniform(*_PAUSE_S))
        spin(random.uniform(*_PIECE_S))


def spin(seconds: float) -> None:
    """Keep this core busy."""
    end = monotonic() + seconds
    while monotonic() < end:
        pass


def main(arguments: list[str]) -> None:
    """Disturb as the arguments say, until standard input ends."""
    kind, seconds = arguments[0], float(arguments[1])
    disturb, count = (take_a_core, 1) if kind == "core" else (spin, len(os.sched_getaffinity(0)))
    for _ in range(count):
        multiprocessing.Process(target=disturb, args=(seconds,), daemon=True).start()
    sys.stdin.read()
    # On return multiprocessing ends its daemons.


if __name__ == "__main__":
    main(sys.argv[1:])
