"""The form of a sweep file, which is read and checked like a scenario file."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from results.run_files.validation import Field, Strict, checked
from results.sweeps.result import AxisValue
from scenarios.language.readings import WHOLE, one_of, reading, within, word
from scenarios.language.values import Kind, ScenarioName, Text
from scenarios.language.wording import found, quoted

_PATH = re.compile(r"[\w-]+(\.[\w-]+)*")
_SCALAR = [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]


@reading(type="string", pattern=f"^{_PATH.pattern}$")
def value_path(value: object) -> str:
    """The path of a value in a scenario file, as `--set` has it."""
    if isinstance(value, str) and _PATH.fullmatch(value):
        return value
    raise ValueError(f"{found(value)} is no path of a value; write one such as sessions.0.count")


@reading(anyOf=_SCALAR)
def scalar(value: object) -> AxisValue:
    """A single value of a scenario file."""
    if isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(f"{found(value)} where a single value is expected; write such as 100, 40ms or 5%")


@reading(type="array", minItems=1, items={"anyOf": _SCALAR})
def scalars(value: object) -> tuple[AxisValue, ...]:
    """A list of different single values, one at least."""
    if not isinstance(value, list):
        raise ValueError(f"{found(value)} where a list of values is expected; write such as [50, 100]")
    if not value:
        raise ValueError("an axis without values; write one at least, such as [50, 100]")
    read: list[AxisValue] = [scalar(each) for each in value]
    for place, each in enumerate(read):
        if each in read[:place]:
            raise ValueError(f"{found(each)} is there twice; write each value once")
    return tuple(read)


Seed: TypeAlias = Annotated[int, checked(within(WHOLE, "0", "4294967295"))]
Scale: TypeAlias = Literal["linear", "log"]
Method: TypeAlias = Literal["grid", "latin-hypercube", "sobol"]


class AxisEntry(Strict):
    """A value that differs from run to run: a list of values, or a range from one to another."""

    path: Annotated[str, checked(value_path)] = Field(alias="set", examples=["sessions.0.count"])
    """The value's path in the scenario file, as --set has it."""
    name: Annotated[str, checked(value_path)] | None = None
    """What the axis is called in where, table and page; unless given, its path."""
    values: Annotated[tuple[AxisValue, ...], checked(scalars)] | None = Field(default=None, examples=["[50, 100]"])
    """The values."""
    first: Annotated[AxisValue, checked(scalar)] | None = Field(alias="from", default=None, examples=["500ms"])
    """Where the range begins."""
    last: Annotated[AxisValue, checked(scalar)] | None = Field(alias="to", default=None, examples=["8s"])
    """Where the range ends, of the same unit or kind."""
    steps: Annotated[int, checked(within(WHOLE, "2", "10000"))] | None = None
    """So many values of the range, both ends among them; a sample can do without."""
    scale: Annotated[Scale, checked(one_of("linear", "log"))] = "linear"
    """By equal steps of the value, or of its logarithm."""


class Sample(Strict):
    """Which combinations of the axes' values are played."""

    method: Annotated[Method, checked(one_of("grid", "latin-hypercube", "sobol"))] = "grid"
    """All of them, a Latin hypercube (McKay et al. 1979), or a scrambled Sobol sequence (Owen 1998)."""
    points: Annotated[int, checked(within(WHOLE, "1", "1000000"))] | None = Field(default=None, examples=["64"])
    """How many combinations, of another method than grid."""
    seed: Seed = 1
    """Seed of the sample."""


class SweepFile(Strict):
    """A whole sweep file."""

    name: ScenarioName = Field(examples=["cold-burst-sizes"])
    """Name of the sweep, and of the folder of its results."""
    description: Text = ""
    """In a sentence, what the sweep is to show."""
    scenario: Annotated[str, checked(word)] = Field(examples=["./cold-burst.yaml"])
    """Path of the scenario file, from this file's folder."""
    axes: tuple[AxisEntry, ...] = Field(default=(), strict=False)
    """What differs from run to run."""
    relays: tuple[Kind, ...] = Field(default=(), strict=False)
    """Relay kinds, each of which plays every combination: the axis relay. A folder's path is from this file's folder.
    """
    seeds: tuple[Seed, ...] = Field(default=(), strict=False)
    """Seeds, each of which plays every combination: the axis seed."""
    repeats: Annotated[int, checked(within(WHOLE, "1", "1000"))] = 1
    """How often each is played: with seeds that follow the scenario's or, where seeds are given, with each of those."""
    where: tuple[Text, ...] = Field(default=(), strict=False)
    """What combinations must meet, all of it: an axis compared with a value or with another axis, alternatives by or.
    """
    sample: Sample = Sample()
    """Which combinations are played; unless given, all."""
    attempts: Annotated[int, checked(within(WHOLE, "1", "10"))] = 3
    """A run that is inconclusive is played again, up to so many runs."""


def repeated(values: tuple[object, ...]) -> str | None:
    """What is wrong with a list that has a value twice; None if it has not."""
    twice = next((each for place, each in enumerate(values) if each in values[:place]), None)
    return None if twice is None else f"{quoted(str(twice))} is there twice; write each once"
