"""What combinations of a sweep must meet: `warm < 50%`, `burst <= duration or relay == v0510`. Pure."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from results.sweeps.result import AxisValue
from scenarios.language.document import Problem
from scenarios.language.wording import quoted, suggestion
from scenarios.sweeps.magnitudes import magnitude

Point = Mapping[str, AxisValue]
"""The value of each axis, by its name."""

_COMPARED = re.compile(r"([^\s<>=!]+)\s*(<=|>=|==|!=|<|>)\s*([^\s<>=!]+)")
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne}
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """An axis compared with a value or, if `other`, with the axis of that name."""

    axis: str
    operator: str
    value: AxisValue
    other: bool

    def holds(self, point: Point) -> bool:
        """Whether it does at a point. Values that are no numbers of one kind are only equal or not."""
        one, other = point[self.axis], point[str(self.value)] if self.other else self.value
        found, against = magnitude(one), magnitude(other)
        if found and against and found.comparable(against):
            return _OPERATORS[self.operator](found.number, against.number)
        return _OPERATORS[self.operator](_text(one), _text(other)) if self.operator in ("==", "!=") else False


@dataclass(frozen=True, slots=True)
class Constraint:
    """Alternatives, one of which must hold."""

    alternatives: tuple[Comparison, ...]

    def holds(self, point: Point) -> bool:
        """Whether one does."""
        return any(each.holds(point) for each in self.alternatives)


def constraint(text: str, axes: Mapping[str, tuple[AxisValue, ...]]) -> Constraint:
    """The constraint in a text; `axes`: values of each axis, or ends of its range. ValueError says what is wrong."""
    return Constraint(tuple(_comparison(part, axes) for part in re.split(r"\s+or\s+", text.strip())))


def constraint_problems(texts: tuple[str, ...], axes: Mapping[str, tuple[AxisValue, ...]]) -> Iterator[Problem]:
    """What is wrong with the constraints of a file."""
    for index, text in enumerate(texts):
        try:
            constraint(text, axes)
        except ValueError as error:
            yield Problem(("where", index), str(error))


def _comparison(text: str, axes: Mapping[str, tuple[AxisValue, ...]]) -> Comparison:
    parts = _COMPARED.fullmatch(text)
    if parts is None:
        raise ValueError(f"{quoted(text)} compares nothing; write such as {next(iter(axes), 'count')} < 100")
    axis, sign, right = parts.groups()
    if axis not in axes:
        raise ValueError(f"unknown axis {quoted(axis)}; {suggestion(axis, axes)}")
    other = right in axes
    values = axes[right] if other else (_plain(right),)
    if sign not in ("==", "!="):
        _require_comparable(axis, axes[axis], right, values)
    return Comparison(axis, sign, right if other else values[0], other)


def _require_comparable(axis: str, ours: tuple[AxisValue, ...], right: str, theirs: tuple[AxisValue, ...]) -> None:
    """ValueError unless each value on one side is a number of the kind of those on the other."""
    for value in ours:
        if magnitude(value) is None:
            raise ValueError(f"{axis} has values without an order, as {value}; write == or !=")
    first = magnitude(ours[0])
    for value in theirs:
        found = magnitude(value)
        if first and (found is None or not found.comparable(first)):
            raise ValueError(f"{right} is no {first.kind}, and {axis} is; write a value such as {ours[0]}")


def _plain(text: str) -> AxisValue:
    """A value as YAML has it."""
    if text in ("true", "false"):
        return text == "true"
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            pass
    return text


def _text(value: AxisValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
