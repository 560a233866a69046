"""Sets of times as disjoint spans. Pure; times in ns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from results.metrics.matching import Flags, Ints

MANY_WINDOWS = 10_000
"""From so many windows on it pays to find out first which of them have anything to look up."""

_BIN_BITS = 20
"""A bin of a screen is 2^20 ns, about a millisecond."""

_MOST_BINS = 1 << 24


@dataclass(frozen=True, slots=True, eq=False)
class Screen:
    """Tells in one pass which of many windows of time can have anything of some spans in them: by bins of time, each of
    which has some or not. `begun`: of how many bins before each some is a part; empty: it cannot tell."""

    start_ns: int
    begun: Ints

    @classmethod
    def of(cls, from_ns: Ints, until_ns: Ints) -> Screen:
        """That of some spans; of too long a time it is one that cannot tell."""
        if not len(from_ns):
            return cls(0, np.zeros(2, np.int64))
        start_ns = int(from_ns.min())
        first, last = (from_ns - start_ns) >> _BIN_BITS, (until_ns - start_ns) >> _BIN_BITS
        bins = int(last.max()) + 1
        if bins > _MOST_BINS:
            return cls(start_ns, np.empty(0, np.int64))
        edges = np.bincount(first, minlength=bins + 1) - np.bincount(last + 1, minlength=bins + 1)
        return cls(start_ns, np.concatenate((np.zeros(1, np.int64), np.cumsum(np.cumsum(edges[:bins]) > 0))))

    def touched(self, from_ns: Ints, until_ns: Ints) -> Ints:
        """The windows that can have something in them; both ends belong to them."""
        bins = len(self.begun) - 1
        if bins < 0:
            return np.arange(len(from_ns))
        first, behind = from_ns - self.start_ns, until_ns - self.start_ns
        for each in (first, behind):  # in place: there are millions
            each >>= _BIN_BITS
        behind += 1
        begun = (self.begun[np.clip(each, 0, bins, out=each)] for each in (first, behind))
        return np.flatnonzero(np.less(*begun))


@dataclass(frozen=True, eq=False)  # without slots: cached properties need a place
class Spans:
    """Spans of time, disjoint and in order: int64[n] each."""

    from_ns: Ints
    until_ns: Ints

    @classmethod
    def union(cls, from_ns: Ints, until_ns: Ints) -> Spans:
        """The union of spans in any order, which may overlap."""
        order = np.argsort(from_ns, kind="stable")
        begin, end = from_ns[order], np.maximum.accumulate(until_ns[order])
        first: Flags = np.ones(len(begin), dtype=bool)
        first[1:] = begin[1:] > end[:-1]
        starts = np.flatnonzero(first)
        last = np.append(starts[1:], len(begin)) - 1 if len(starts) else starts
        return cls(begin[starts], end[last])

    @classmethod
    def all_of(cls, parts: Iterable[Spans]) -> Spans:
        """The union of sets of spans."""
        found = list(parts)
        nothing = np.empty(0, np.int64)
        return cls.union(
            np.concatenate([nothing, *(each.from_ns for each in found)]),
            np.concatenate([nothing, *(each.until_ns for each in found)]),
        )

    def overlap(self, from_ns: Ints, until_ns: Ints) -> Ints:
        """Total time of the spans within each window, ns; a window that ends before it begins has none."""
        until_ns = np.maximum(from_ns, until_ns)
        if np.size(until_ns) < MANY_WINDOWS:
            return self._inside(from_ns, until_ns)
        inside = np.zeros(len(until_ns), np.int64)
        rows = self._screen.touched(from_ns, until_ns)
        inside[rows] = self._inside(from_ns[rows], until_ns[rows])
        return inside

    @cached_property
    def _screen(self) -> Screen:
        return Screen.of(self.from_ns, self.until_ns)

    def _inside(self, from_ns: Ints, until_ns: Ints) -> Ints:
        inside: Ints = self._before(until_ns) - self._before(from_ns)
        return inside

    def _before(self, at_ns: Ints) -> Ints:
        """Total time of the spans before each time, ns."""
        if not len(self.from_ns):
            return np.zeros(np.shape(at_ns), np.int64)
        lengths = self.until_ns - self.from_ns
        earlier = np.concatenate([[0], np.cumsum(lengths)])
        begun = np.searchsorted(self.from_ns, at_ns, side="right")
        last = np.maximum(begun - 1, 0)
        current = np.clip(at_ns - self.from_ns[last], 0, lengths[last])
        total: Ints = np.where(begun > 0, earlier[last] + current, 0)
        return total
