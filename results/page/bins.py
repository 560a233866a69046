"""Time in bins, no more of them than a figure has pixels, with the extremes of what lies in each. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hostio.timing import MS
from results.metrics.analysis import Analysis
from results.metrics.matching import Ints
from results.metrics.streams import Floats

MOST_BINS = 800
"""A figure is some 1000 pixels wide."""

SHORTEST_BIN_NS = 20 * MS

_VALUE_BITS = 40
_LARGEST = (1 << _VALUE_BITS) - 1
"""18 minutes, in ns; with the bin in the bits above, a value is one integer to sort."""


@dataclass(frozen=True, slots=True)
class Bins:
    """`count` bins of `width_ns` each, from `start_ns` on, the media start."""

    start_ns: int
    width_ns: int
    count: int

    @classmethod
    def of(cls, analysis: Analysis, most: int = MOST_BINS, shortest_ns: int = SHORTEST_BIN_NS) -> Bins:
        """At most `most` bins from the start of the media to their end, none shorter than `shortest_ns`."""
        length_ns = max(analysis.end_ns - analysis.start_ns, 1)
        width_ns = max(shortest_ns, -(-length_ns // most))
        return cls(analysis.start_ns, width_ns, -(-length_ns // width_ns))

    @property
    def edges_s(self) -> Floats:
        """Borders of the bins, s since the media start: float[count + 1]."""
        edges: Floats = self.width_ns * np.arange(self.count + 1) / 1e9
        return edges

    @property
    def middles_s(self) -> Floats:
        """Middle of each bin, s since the media start."""
        edges = self.edges_s
        middles: Floats = (edges[:-1] + edges[1:]) / 2
        return middles

    def numbers(self, at_ns: Ints) -> Ints:
        """The bin of each time; below 0, or `count` and more, for times outside."""
        numbers: Ints = (at_ns - self.start_ns) // self.width_ns
        return numbers


@dataclass(frozen=True, slots=True, eq=False)
class Extremes:
    """Least, middle and largest value of each bin, ms: float[bins], NaN where there is none."""

    low: Floats
    middle: Floats
    high: Floats


def extremes(bins: Bins, at_ns: Ints, values_ns: Ints) -> Extremes:
    """Of values at times. Times outside the bins are left out."""
    keys = _keys(bins, at_ns, values_ns)
    starts = np.searchsorted(keys, np.arange(bins.count + 1, dtype=np.int64) << _VALUE_BITS)
    first, count = starts[:-1], np.diff(starts)
    some = count > 0

    def ranked(rank: Ints) -> Floats:
        values_ms = np.full(bins.count, np.nan)
        values_ms[some] = (keys[(first + rank)[some]] & _LARGEST) / MS
        return values_ms

    return Extremes(ranked(0 * count), ranked(count // 2), ranked(count - 1))


def _keys(bins: Bins, at_ns: Ints, values_ns: Ints) -> Ints:
    """Bin and value as one number, in order; made in place, for a run has millions of them."""
    number = bins.numbers(at_ns)
    inside = (number >= 0) & (number < bins.count)
    keys = number[inside]
    keys <<= _VALUE_BITS
    keys |= np.clip(values_ns[inside], 0, _LARGEST)
    keys.sort()
    return keys


def counts(bins: Bins, at_ns: Ints) -> Ints:
    """How many times lie in each bin: int[bins]."""
    number = bins.numbers(at_ns)
    return np.bincount(number[(number >= 0) & (number < bins.count)], minlength=bins.count)


def share(bins: Bins, some_ns: Ints, all_ns: Ints) -> Floats:
    """How many of all times of each bin are of some, 0 to 1; 0 without."""
    found: Floats = counts(bins, some_ns) / np.maximum(counts(bins, all_ns), 1)
    return found


def extreme_rows(values: NDArray[np.float64] | Ints, most: int = 2 * MOST_BINS) -> Ints:
    """Rows to draw of a long series: of each of `most` / 2 parts those with the least and the largest value, in order;
    first and last of all, too. All rows of a series that is no longer."""
    if len(values) <= most:
        return np.arange(len(values), dtype=np.int64)
    borders = np.linspace(0, len(values), most // 2 + 1).astype(np.int64)
    found = [
        begin + place
        for begin, end in pairwise(borders.tolist())
        for place in (values[begin:end].argmin(), values[begin:end].argmax())
    ]
    rows: Ints = np.unique(np.array([0, *found, len(values) - 1], np.int64))
    return rows
