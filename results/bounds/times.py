"""Bounds of quantiles of times from requests to answers, of which each is known. Pure; times in ns, results in ms."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from results.bounds.effects import Effects
from results.bounds.interval import UNBOUNDED, Interval
from results.bounds.quantiles import quantile_between
from results.metrics.matching import Ints

_MS = 1e6

Quantiles = tuple[tuple[str, float], ...]
"""Names of quantiles, such as p99.9, and their shares, 0 to 1."""

LENGTH_QUANTILES: Quantiles = (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
"""The figures of LengthQuantiles."""


def each_time(
    name: str, from_ns: Ints, until_ns: Ints, held_ns: Ints, effects: Effects
) -> Iterator[tuple[str, Interval]]:
    """Bounds of the quantiles of times from a request to its answer, `held_ns` of which can be the machine's doing.

    Each of the two can have been held up by less than is noted. A request's time is taken before it is sent, and an
    answer's once it is there, so that none can have made it shorter.
    """
    length_ns, noise_ns = until_ns - from_ns, effects.noise_ns(from_ns, until_ns)
    low = np.maximum(length_ns - held_ns - 2 * noise_ns, 0.0)
    for which, share in LENGTH_QUANTILES:
        known = effects.doubt is None and len(from_ns) > 0
        bounds = quantile_between(low / _MS, (length_ns + noise_ns) / _MS, share) if known else UNBOUNDED
        yield f"{name}.{which}", bounds
