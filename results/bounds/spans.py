"""Sets of times as disjoint spans. Pure; times in ns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from results.metrics.matching import Flags, Ints


@dataclass(frozen=True, slots=True, eq=False)
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
