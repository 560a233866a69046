"""An axis of a sweep in the steps in which it is shown: one for each value or, of many, for each range. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from results.sweeps.result import AxisValue, SweepResult

Number = Callable[[AxisValue], float | None]
"""The number that a value is, in any one unit; None if it is a word."""

MOST = 12
"""More values than this are shown in ranges."""

_RANGES = 8


@dataclass(frozen=True, slots=True)
class Steps:
    """`labels`: of each step, in order; `places`: in which step a value is."""

    name: str
    labels: tuple[str, ...]
    places: Mapping[AxisValue, int]

    def place(self, result: SweepResult) -> int | None:
        """The step in which a result is; None if it has no such axis."""
        value = result.point.get(self.name)
        return None if value is None else self.places.get(value)


def steps_of(name: str, values: Iterable[AxisValue], number: Number, *, log: bool) -> Steps:
    """The steps of an axis that has these values, by their size, or, if not all are numbers, in this order."""
    known = list(dict.fromkeys(values))
    numbers = [number(each) for each in known]
    sizes = [each for each in numbers if each is not None]
    if len(sizes) < len(known):
        return _each(name, known)
    ordered = [known[place] for place in np.argsort(sizes, kind="stable")]
    return _each(name, ordered) if len(known) <= MOST else _ranges(name, ordered, sorted(sizes), log=log)


def _each(name: str, values: Sequence[AxisValue]) -> Steps:
    return Steps(name, tuple(map(value_text, values)), {value: place for place, value in enumerate(values)})


def _ranges(name: str, values: Sequence[AxisValue], sizes: Sequence[float], *, log: bool) -> Steps:
    """Ranges of equal length, those without a value left out; each is called by its least and its largest value."""
    scaled = np.log(sizes) if log and sizes[0] > 0 else np.asarray(sizes, np.float64)
    edges = np.linspace(scaled[0], scaled[-1], _RANGES + 1)
    of_each = np.clip(np.searchsorted(edges, scaled, side="right") - 1, 0, _RANGES - 1)
    used = list(dict.fromkeys(of_each.tolist()))
    held = [[value for value, of in zip(values, of_each, strict=True) if of == each] for each in used]
    labels = tuple(f"{value_text(each[0])} … {value_text(each[-1])}" for each in held)
    return Steps(name, labels, {value: place for place, each in enumerate(held) for value in each})


def value_text(value: AxisValue) -> str:
    """A value as a scenario file has it."""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
