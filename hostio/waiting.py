"""Waiting for what no descriptor tells."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep

_POLL_S = 0.001


def wait_until(predicate: Callable[[], bool], timeout_s: float) -> bool:
    """Wait until it holds; whether it did in time."""
    deadline = monotonic() + timeout_s
    while not predicate():
        if monotonic() > deadline:
            return False
        sleep(_POLL_S)
    return True
