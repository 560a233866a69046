"""Measurements of time that are repeated: other work on the machine makes things late, never early."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

TRIES = 10

Measured = TypeVar("Measured")


def best(measure: Callable[[], Measured], good: Callable[[Measured], bool]) -> Measured:
    """The first of at most TRIES measurements that is good, or else the last. What is slow by itself never is."""
    for _ in range(TRIES):
        found = measure()
        if good(found):
            break
    return found
