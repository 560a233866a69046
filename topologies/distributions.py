"""The distributions of netem's tables (iproute2, `netem/*.c`) as quantile functions. Pure.

netem multiplies a value of the table by the jitter. Values are 16-bit integers at a scale of 8192, hence within ±4.
"""

from __future__ import annotations

from functools import cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from topologies.link_state import Distribution

TABLE_SIZE = 4096
LARGEST = 4
"""Bound of the absolute values of a table."""

_SCALE = 8_192
_CLIP = 32_767 / _SCALE
_PARETO_SHAPE = 3.0
_PARETO_MEAN = _PARETO_SHAPE / (_PARETO_SHAPE - 1)
_NORMAL_SHARE = 0.25
_STANDARD = NormalDist()

TABLES: tuple[Distribution, ...] = ("normal", "pareto", "paretonormal")
"""The distributions that need a table, in the order of `tables`."""


def quantile(distribution: Distribution, share: float) -> float:
    """The quantile of a share (0 < share < 1), in units of the jitter.

    normal: mean 0, deviation 1. pareto: (X − 3/2) · 4/3, X Pareto of shape 3 from 1, mean 0. paretonormal: a quarter
    of the normal's quantile and three quarters of the pareto's.
    """
    if distribution == "uniform":
        return 2 * share - 1
    normal = _STANDARD.inv_cdf(share)
    pareto = ((1 - share) ** (-1 / _PARETO_SHAPE) - _PARETO_MEAN) * 4 / 3
    mixed = _NORMAL_SHARE * max(-_CLIP, min(normal, _CLIP)) + (1 - _NORMAL_SHARE) * min(pareto, _CLIP)
    value = {"normal": normal, "pareto": pareto, "paretonormal": mixed}[distribution]
    return float(max(-_CLIP, min(value, _CLIP)))


def tables() -> npt.NDArray[np.float64]:
    """float64[len(TABLES), TABLE_SIZE]: quantiles at the middle of each of TABLE_SIZE equal shares."""
    return np.array(_rows())


@cache
def _rows() -> list[list[float]]:
    shares = ((np.arange(TABLE_SIZE) + 0.5) / TABLE_SIZE).tolist()
    return [[quantile(name, share) for share in shares] for name in TABLES]


def tc_file(distribution: Distribution) -> str:
    """A table as text of a file for tc (`TC_LIB_DIR/NAME.dist`): integers at netem's scale."""
    shares = ((number + 0.5) / TABLE_SIZE for number in range(TABLE_SIZE))
    return " ".join(str(round(quantile(distribution, share) * _SCALE)) for share in shares) + "\n"
