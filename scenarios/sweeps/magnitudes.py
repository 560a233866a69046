"""Values of a scenario file as numbers of one kind, and back: times, shares, rates, sizes, plain numbers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from results.sweeps.result import AxisValue
from scenarios.language.quantities import QuantityError, per_minute, rate_text, share_text, time_text
from scenarios.language.readings import FRAME_SIZE, RATE, SHARE, TIME

_DIGITS = 4
"""Significant digits of what lies within a range: more would be more exact than anybody can mean."""


@dataclass(frozen=True, slots=True)
class _Kind:
    read: Callable[[Any], Any]
    write: Callable[[Any], Any]
    whole: bool = True


_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "time": _Kind(TIME.read, time_text),
        "share": _Kind(SHARE.read, share_text, whole=False),
        "rate": _Kind(RATE.read, rate_text),
        "number per time": _Kind(per_minute, lambda number: f"{number}/min"),
        "size": _Kind(FRAME_SIZE.read, FRAME_SIZE.write),
        "whole number": _Kind(int, int),
        "number": _Kind(float, float, whole=False),
    }
)


@dataclass(frozen=True, slots=True)
class Magnitude:
    """A number in the unit of its kind: ns, a share of 1, bit/s, per minute, bytes, or none."""

    kind: str
    number: float

    def comparable(self, other: Magnitude) -> bool:
        """Whether one of the two can be said to be the larger one."""
        return self.kind == other.kind or {self.kind, other.kind} <= {"whole number", "number"}


def magnitude(value: object) -> Magnitude | None:
    """The number that a value is; None if it is none, as a word or `true`."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, (int, float)):
        return Magnitude("whole number" if isinstance(value, int) else "number", value)
    for name, kind in _KINDS.items():
        if name.endswith("number"):
            continue
        try:
            return Magnitude(name, kind.read(value))
        except QuantityError:
            pass
    return None


@dataclass(frozen=True, slots=True)
class Range:
    """All values from one to another of the same kind, by equal steps of the value or, if `log`, of its logarithm."""

    first: AxisValue
    last: AxisValue
    kind: str
    low: float
    high: float
    log: bool

    @classmethod
    def between(cls, first: AxisValue, last: AxisValue, *, log: bool) -> Range:
        """The range of two values; ValueError says what is wrong with them."""
        low, high = magnitude(first), magnitude(last)
        if low is None or high is None:
            wrong = first if low is None else last
            raise ValueError(
                f"{wrong!r} is no quantity; write a number, with its unit if it has one, or a list of values"
            )
        if not low.comparable(high):
            raise ValueError(f"{first} is a {low.kind}, and {last} a {high.kind}; write two of one kind")
        if not low.number < high.number:
            raise ValueError(f"{last} is not more than {first}; write the lower one first")
        if log and low.number <= 0:
            raise ValueError(f"no logarithm of {first}; write more than 0, or scale: linear")
        return cls(first, last, high.kind if low.kind == "whole number" else low.kind, low.number, high.number, log)

    def at(self, place: float) -> AxisValue:
        """The value at a place of 0 to 1, rounded; the ends are as they are written."""
        if place in (0.0, 1.0):
            return self.last if place else self.first
        between = self.low * (self.high / self.low) ** place if self.log else self.low + place * (self.high - self.low)
        kind = _KINDS[self.kind]
        rounded = float(f"{between:.{_DIGITS}g}")
        written: AxisValue = kind.write(round(rounded) if kind.whole else rounded)
        return written

    def steps(self, count: int) -> tuple[AxisValue, ...]:
        """So many values, both ends among them, each once: fewer, if whole numbers do not give so many."""
        return tuple(dict.fromkeys(self.at(step / (count - 1)) for step in range(count)))
