"""Bounds of quantiles of values that are known by bounds only, and of sets whose members are not all certain. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from results.bounds.interval import UNBOUNDED, Interval, finite
from results.metrics.matching import Flags, Ints
from results.metrics.streams import Floats, between

_TRIED = 65
"""How many sizes of the uncertain part are tried at most."""


def quantile_between(low: Floats, high: Floats, share: float, missing: float = 0.0) -> Interval:
    """Bounds of a quantile. `missing`: share of the values that may not belong to the set, or be missing from it. Both
    columns are left in another order."""
    if not len(low):
        return UNBOUNDED
    (least,), (most,) = least_quantiles(low, (share,), missing), most_quantiles(high, (share,), missing)
    return finite(least, most)


def least_quantiles(low: Floats, shares: Sequence[float], missing: float) -> list[float]:
    """The lower bounds of several quantiles, of the lower bounds of one value or more; `quantile_between`."""
    return _quantiles(low, [max(0.0, share - missing) for share in shares])


def most_quantiles(high: Floats, shares: Sequence[float], missing: float) -> list[float]:
    """The upper bounds likewise."""
    return _quantiles(high, [min(1.0, share + missing) for share in shares])


def _quantiles(values: Floats, shares: Sequence[float]) -> list[float]:
    found: list[float] = np.quantile(values, shares, overwrite_input=True).tolist()
    return found


def quantile_of_some(low: Floats, high: Floats, certain: Flags, share: float) -> Interval:
    """Bounds of a quantile of a set that has the `certain` values, and any of the others; 0 if it can be empty.

    It is least with some of the least of the others, and largest with some of the largest of them.
    """
    least = _with_some(low[certain], low[~certain], share, largest=False).min(initial=np.inf)
    most = _with_some(high[certain], high[~certain], share, largest=True).max(initial=0.0)
    return finite(float(least) if certain.any() else 0.0, float(most))


def _with_some(certain: Floats, others: Floats, share: float, *, largest: bool) -> Floats:
    """The quantile with the k least or largest of the others, for many k."""
    count = len(others)
    sizes = np.linspace(0, count, min(count + 1, _TRIED)).round().astype(np.int64)
    sizes = sizes[sizes + len(certain) > 0]
    at = share * (len(certain) + sizes - 1)
    below = np.floor(at)
    places = np.stack((below, np.ceil(at))).astype(np.int64)
    if count:
        one, next_one = _Union.of(certain, others, count - sizes if largest else np.zeros_like(sizes), sizes)[places]
    else:
        one, next_one = np.sort(certain)[places]
    # Interpolation between a finite and an infinite neighbour gives nan, which is here as good as infinite.
    with np.errstate(invalid="ignore"):
        found = between(one, next_one, at - below)
    return np.where(np.isnan(found), np.inf, found)


@dataclass(frozen=True, slots=True)
class _Union:
    """Sets of all certain values and of those among the sorted others that begin at a row and are so many.

    Only sorted once: what is at a place of such a set is found by bisection.
    """

    certain: Floats
    others: Floats
    before: Ints
    """How many of the others are less than each certain value."""
    begin: Ints
    size: Ints

    @classmethod
    def of(cls, certain: Floats, others: Floats, begin: Ints, size: Ints) -> _Union:
        """`begin`, `size`: of the others in each set."""
        certain, others = np.sort(certain), np.sort(others)
        before = np.searchsorted(others, certain)
        # A value at the end, beyond all others, infinite ones too, spares a case.
        certain, before = np.append(certain, np.inf), np.append(before, len(others))
        return cls(certain, np.append(others, np.inf), before, begin, size)

    def __getitem__(self, place: Ints) -> Floats:
        """What is at some places of each set in ascending order; places and result [n, sets]."""
        low, high = np.zeros_like(place), np.full_like(place, len(self.certain) - 1)
        while (low < high).any():
            middle = (low + high) // 2
            less = self._place(middle) < place
            low, high = np.where(less, middle + 1, low), np.where(less, high, middle)
        among_others = np.minimum(self.begin + place - low, len(self.others) - 1)
        found: Floats = np.where(self._place(low) == place, self.certain[low], self.others[among_others])
        return found

    def _place(self, certain: Ints) -> Ints:
        """The place of a certain value in each set."""
        found: Ints = certain + np.clip(self.before[certain] - self.begin, 0, self.size)
        return found
