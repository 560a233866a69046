"""A condition for believing a run, and how one is made of a value and its limit."""

from __future__ import annotations

from dataclasses import dataclass

from hostio.timing import MS


@dataclass(frozen=True, slots=True)
class FidelityCheck:
    """A condition for believing the run."""

    check: str
    """What was checked."""
    value: float | None
    """What was found; null: unknown."""
    limit: float
    """The largest value allowed."""
    unit: str
    """Unit of both; empty: a count."""
    ok: bool
    """Known, and within the limit."""


def limited(check: str, value: float | None, limit: float, unit: str) -> FidelityCheck:
    """A value that may be as large as its limit; one that is unknown is not ok."""
    rounded = None if value is None else round(float(value), 3)
    return FidelityCheck(check, rounded, limit, unit, ok=value is not None and value <= limit)


def in_ms(check: str, value_ms: float | None, limit_ns: int) -> FidelityCheck:
    """A time in ms."""
    return limited(check, value_ms, limit_ns / MS, "ms")


def in_percent(check: str, share: float | None, limit: float) -> FidelityCheck:
    """A share, and its limit, as percentages."""
    return limited(check, None if share is None else 100 * share, round(100 * limit, 6), "%")


def count(check: str, value: int | None, limit: int = 0) -> FidelityCheck:
    """A number of things that must not happen."""
    return limited(check, value, float(limit), "")
