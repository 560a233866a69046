"""`all` for a sample that must not be empty."""

from __future__ import annotations

from collections.abc import Iterable


def every(outcomes: Iterable[object]) -> bool:
    """Whether each outcome is true, of at least one: `all` takes nothing for true."""
    found = [bool(outcome) for outcome in outcomes]
    return len(found) > 0 and all(found)
