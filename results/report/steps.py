"""The steps of a report, for who shows how far it is."""

from __future__ import annotations

from collections.abc import Callable

Step = Callable[[str, float], None]
"""Is told that a step of a report begins, and about which share of the time of all of it, 0 to 1, has passed."""


def untold(step: str, share: float) -> None:
    """The step of a report that nobody follows."""
