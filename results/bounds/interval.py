"""Intervals of values, and whether a limit lies outside one."""

from __future__ import annotations

from dataclasses import dataclass

from results.run_files.plan import Comparison


@dataclass(frozen=True, slots=True)
class Interval:
    """The values that a metric can have without the machine's doings, in the metric's own unit; both ends included."""

    low: float | None
    """Least value; null: no bound."""
    high: float | None
    """Largest value; null: no bound."""


UNBOUNDED = Interval(None, None)


def exactly(value: float | None) -> Interval:
    """The interval of one value; of an unknown value, no bounds."""
    return Interval(value, value)


def around(value: float | None, less: float, more: float, least: float = 0.0) -> Interval:
    """From `less` below a value to `more` above it, not below `least`, rounded to three decimals; either may be inf."""
    if value is None:
        return UNBOUNDED
    return finite(max(least, value - less), value + more)


def finite(low: float, high: float) -> Interval:
    """An interval between these, rounded to three decimals; infinite ends become no bound."""
    return Interval(_bound(low), _bound(high))


def spanning(one: Interval, other: Interval) -> Interval:
    """The least interval that has both."""
    low = None if one.low is None or other.low is None else min(one.low, other.low)
    return Interval(low, None if one.high is None or other.high is None else max(one.high, other.high))


def _bound(value: float) -> float | None:
    return None if value in (float("inf"), float("-inf")) else round(float(value), 3)


def decided(interval: Interval, comparison: Comparison, limit: float) -> bool | None:
    """Whether a comparison with a limit holds for every value of an interval; None if for some only."""
    low = float("-inf") if interval.low is None else interval.low
    high = float("inf") if interval.high is None else interval.high
    if comparison in ("==", "!="):
        outside, alone = not low <= limit <= high, low == high == limit
        equal = False if outside else True if alone else None
        return equal if comparison == "==" or equal is None else not equal
    if comparison == "<":
        return _on_one_side(holds=high < limit, fails=low >= limit)
    if comparison == "<=":
        return _on_one_side(holds=high <= limit, fails=low > limit)
    if comparison == ">":
        return _on_one_side(holds=low > limit, fails=high <= limit)
    return _on_one_side(holds=low >= limit, fails=high < limit)


def _on_one_side(*, holds: bool, fails: bool) -> bool | None:
    return True if holds else False if fails else None
