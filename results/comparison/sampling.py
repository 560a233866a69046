"""Points of a unit cube that fill it evenly (scipy.stats.qmc). Pure, seeded."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc


def unit_points(
    method: Literal["latin-hypercube", "sobol"], dimensions: int, count: int, seed: int
) -> NDArray[np.float64]:
    """So many points of 0 to less than 1, a row each: a Latin hypercube (McKay, Beckman and Conover 1979), or the first
    points of a scrambled Sobol sequence (Owen 1998), which is balanced where their number is a power of 2."""
    generator = np.random.default_rng(seed)
    if method == "sobol":
        whole = max(count - 1, 0).bit_length()  # of fewer than a power of 2 the library says that they are unbalanced
        found = qmc.Sobol(dimensions, rng=generator).random_base2(whole)[:count]
    else:
        found = qmc.LatinHypercube(dimensions, rng=generator).random(count)
    return np.asarray(found, np.float64)
