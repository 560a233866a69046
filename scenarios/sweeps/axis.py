"""An axis of a sweep: which value of the scenario differs, and how. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from results.sweeps.result import RELAY, SEED, AxisValue
from scenarios.language.document import DataPath, Problem
from scenarios.language.wording import quoted
from scenarios.sweeps.magnitudes import Range
from scenarios.sweeps.sweep_file import AxisEntry, Method, SweepFile

TAKEN = {"relays.kind": "relays", "seed": "seeds"}
"""Values that have a key of their own in a sweep file."""


@dataclass(frozen=True, slots=True)
class Axis:
    """`path`: of the value in the scenario file; `values`: in order, or none of a range that is sampled anywhere."""

    name: str
    path: str
    values: tuple[AxisValue, ...]
    range: Range | None = None

    def at(self, place: float) -> AxisValue:
        """The value at a place of a sample, from 0 to less than 1."""
        if self.values:
            return self.values[int(place * len(self.values))]
        if self.range is None:
            raise ValueError(f"the axis {self.name} has no values")
        return self.range.at(place)


def axis_name(entry: AxisEntry) -> str:
    """What an axis is called."""
    return entry.name or entry.path


def axis_of(entry: AxisEntry) -> Axis:
    """The axis of an entry that has no problems."""
    if entry.values is not None:
        return Axis(axis_name(entry), entry.path, entry.values)
    found = _range(entry)
    return Axis(axis_name(entry), entry.path, () if entry.steps is None else found.steps(entry.steps), found)


def axes_problems(file: SweepFile) -> Iterator[Problem]:
    """What is wrong with the axes of a file."""
    names: list[str] = [RELAY, SEED]
    paths: list[str] = []
    for index, entry in enumerate(file.axes):
        at: DataPath = ("axes", index)
        yield from _entry_problems(entry, at, file.sample.method)
        if entry.path in TAKEN:
            yield Problem((*at, "set"), f"{quoted(entry.path)} has a key of its own; write {TAKEN[entry.path]}: [...]")
        elif entry.path in paths:
            yield Problem((*at, "set"), f"{quoted(entry.path)} is an axis already; write all its values there")
        elif axis_name(entry) in names:
            key = "name" if entry.name else "set"
            yield Problem((*at, key), f"there is already an axis {quoted(axis_name(entry))}; write another name")
        names.append(axis_name(entry))
        paths.append(entry.path)


def _entry_problems(entry: AxisEntry, at: DataPath, method: Method) -> Iterator[Problem]:
    ends = [key for key, value in (("from", entry.first), ("to", entry.last)) if value is not None]
    if entry.values is not None:
        also = [*ends, *(["steps"] if entry.steps else [])]
        if also:
            yield Problem((*at, also[0]), f"values and {also[0]}; write a list of values, or a range", at_key=True)
        return
    if not ends:
        yield Problem(at, "an axis without values; add values: [50, 100], or from: and to:")
    elif len(ends) == 1:
        missing, given = ("to", "from") if ends == ["from"] else ("from", "to")
        yield Problem(at, f"{quoted(given)} without {quoted(missing)}; add {missing}: and the range's other end")
    else:
        yield from _range_problems(entry, at, method)


def _range_problems(entry: AxisEntry, at: DataPath, method: Method) -> Iterator[Problem]:
    try:
        found = _range(entry)
    except ValueError as error:
        yield Problem((*at, "from"), str(error))
        return
    if entry.steps is None:
        if method == "grid":
            yield Problem(at, "'steps' is missing; add steps: 5, or sample: {method: sobol, points: 64}")
    elif (different := len(found.steps(entry.steps))) < entry.steps:
        few = f"a range of only {different} values; write steps: {different}"
        yield Problem((*at, "steps"), few)


def _range(entry: AxisEntry) -> Range:
    if entry.first is None or entry.last is None:
        raise ValueError("a range has two ends")
    return Range.between(entry.first, entry.last, log=entry.scale == "log")
