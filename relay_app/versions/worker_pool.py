"""Threads that all do the same."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

WORKERS = 64
"""Round trips that a relay has under way at a time, where each takes a thread."""


def work_in_pool(work: Callable[[], None]) -> None:
    """Run `work` in WORKERS threads, and return when all have ended."""
    workers = [Thread(target=work, name=f"fetch {number}", daemon=True) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
