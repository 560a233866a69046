"""All combinations of a sweep: counted without being listed, and given one after the other. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from results.sweeps.result import RELAY, SEED, AxisValue
from scenarios.sweeps.axis import Axis
from scenarios.sweeps.constraints import Constraint
from scenarios.sweeps.sweep_file import Sample

SEEDS = 1 << 32
"""Seeds are below this; the one after the last is 0."""


@dataclass(frozen=True, slots=True)
class Combination:
    """What one run plays. `values`: of the axes, in order; `relay`, `seed`: None, as the scenario has it; `repeat`:
    from 0."""

    values: tuple[AxisValue, ...]
    relay: str | None
    seed: int | None
    repeat: int


@dataclass(frozen=True, slots=True)
class Space:
    """`relays`, `seeds`: empty, where there is no such axis; `repeats`: of each combination."""

    axes: tuple[Axis, ...]
    relays: tuple[str, ...]
    seeds: tuple[int, ...]
    repeats: int
    where: tuple[Constraint, ...]
    sample: Sample

    @property
    def size(self) -> int:
        """How many runs there are, those that constraints leave out among them."""
        points = self.sample.points or 0
        if self.sample.method == "grid" or not self.axes:
            points = prod(len(axis.values) for axis in self.axes)
        return points * max(1, len(self.relays)) * max(1, len(self.seeds)) * self.repeats

    def combinations(self) -> Iterator[Combination]:
        """Those that meet the constraints. Each point is played by all relays before the next, so that what is known
        early is known of all of them."""
        crossed: Sequence[tuple[str | None, int | None]] = [
            *itertools.product(self.relays or (None,), self.seeds or (None,))
        ]
        for repeat in range(self.repeats):
            for values in self._points():
                for relay, seed in crossed:
                    combination = Combination(values, relay, seed, repeat)
                    if all(each.holds(self.point(combination)) for each in self.where):
                        yield combination

    def point(self, combination: Combination) -> Mapping[str, AxisValue]:
        """The value of each axis, by its name."""
        found = {axis.name: value for axis, value in zip(self.axes, combination.values, strict=True)}
        if combination.relay is not None:
            found[RELAY] = combination.relay
        if combination.seed is not None:
            found[SEED] = combination.seed
        return found

    def _points(self) -> Iterator[tuple[AxisValue, ...]]:
        """The values of the axes, each combination once."""
        method = self.sample.method
        if method == "grid" or not self.axes:
            yield from itertools.product(*(axis.values for axis in self.axes))
            return
        from results.comparison.sampling import unit_points  # scipy takes half a second to import

        places = unit_points(method, len(self.axes), self.sample.points or 0, self.sample.seed)
        sampled = (tuple(axis.at(place) for axis, place in zip(self.axes, row, strict=True)) for row in places.tolist())
        yield from dict.fromkeys(sampled)
