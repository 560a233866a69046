"""The statistics of sets of runs. Pure, seeded."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from results.bounds.interval import Interval

Sample = NDArray[np.float64]

RESAMPLES = 2_000
"""Of a bootstrap: the ends of a 95 % interval then rest on some 50 values on either side."""

_PERMUTATIONS = 9_999
_EXACT = 20
"""Up to so many values a side without ties, the exact distribution of U takes no time."""
_SMALL = 8
"""With fewer values on either side the normal approximation of U is not good enough, if there are ties."""


def mean_interval(sample: Sequence[float], confidence: float, seed: int) -> Interval | None:
    """Confidence interval of the mean: bias-corrected and accelerated bootstrap (Efron 1987); None: of one value."""
    values = np.asarray(sample, np.float64)
    if len(values) < 2:
        return None
    if (values == values[0]).all():
        return Interval(float(values[0]), float(values[0]))
    return _bootstrap((values,), np.mean, confidence, seed, "BCa")


def shift(a: Sample, b: Sample, axis: int = -1) -> Any:
    """By how much values of `b` are larger than those of `a`: the median over all pairs (Hodges and Lehmann 1963).

    Along an axis, so that a bootstrap computes all resamples at once; it must be the last one.
    """
    if axis != -1:
        a, b = np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1)
    pairs = b[..., None, :] - a[..., :, None]
    return np.median(pairs.reshape(*pairs.shape[:-2], -1), axis=-1)


def shift_interval(a: Sample, b: Sample, confidence: float, seed: int) -> Interval | None:
    """Confidence interval of the `shift`: percentile bootstrap, because a median has no acceleration to correct; None:
    of one value on a side."""
    if min(len(a), len(b)) < 2:
        return None
    return _bootstrap((a, b), shift, confidence, seed, "percentile")


def _bootstrap(samples: tuple[Sample, ...], statistic: Any, confidence: float, seed: int, method: Any) -> Interval:
    pairs = int(np.prod([len(each) for each in samples]))
    found = stats.bootstrap(
        samples,
        statistic,
        n_resamples=RESAMPLES,
        batch=max(1, 2_000_000 // pairs),
        vectorized=True,
        axis=-1,
        confidence_level=confidence,
        method=method,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Interval(float(found.low), float(found.high))


def cliffs_delta(a: Sample, b: Sample) -> float:
    """How often a value of `b` is above one of `a`, less how often it is below (Cliff 1993), −1 to 1; it is the
    rank-biserial correlation of the Mann-Whitney test."""
    return float(np.sign(b[None, :] - a[:, None]).mean())


def rank_test(a: Sample, b: Sample, seed: int) -> float:
    """Two-sided p of the Mann-Whitney U test; values may be infinite. Exact for small samples, by permutations if they
    have ties."""
    ranked = stats.rankdata(np.concatenate((a, b)))  # so that infinities are ranks like others
    one, other = ranked[: len(a)], ranked[len(a) :]
    tied = len(np.unique(ranked)) < len(ranked)
    if len(np.unique(ranked)) == 1:
        return 1.0
    method: Any = "exact" if not tied and max(len(a), len(b)) <= _EXACT else "asymptotic"
    if tied and min(len(a), len(b)) < _SMALL:
        method = stats.PermutationMethod(n_resamples=_PERMUTATIONS, rng=np.random.default_rng(seed))
    return float(stats.mannwhitneyu(one, other, alternative="two-sided", method=method).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p of each of several tests, such that the chance of any false one is at most as stated (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.maximum.accumulate(np.asarray(p_values)[order] * factors).clip(max=1.0)
    return [float(each) for each in adjusted]


def least_p(a: int, b: int) -> float:
    """The least p that two samples of these sizes can have: all of one above all of the other."""
    return min(1.0, 2 / comb(a + b, a))


def runs_for_difference(tests: int, alpha: float) -> int:
    """How many runs either set must have for the least p of so many tests, corrected, to reach alpha."""
    runs = 1
    while tests * least_p(runs, runs) > alpha:
        runs += 1
    return runs


def least_share(passed: int, runs: int, confidence: float) -> float:
    """With this confidence at least this share of all runs passes, one-sided (Clopper and Pearson 1934)."""
    return float(_exact(passed, runs, confidence, "greater").low)


def largest_share(passed: int, runs: int, confidence: float) -> float:
    """With this confidence at most this share of all runs passes, one-sided (Clopper and Pearson 1934)."""
    return float(_exact(passed, runs, confidence, "less").high)


def _exact(passed: int, runs: int, confidence: float, alternative: str) -> Any:
    return stats.binomtest(passed, runs, alternative=alternative).proportion_ci(confidence, method="exact")


def runs_for_share(share: float, confidence: float, not_passed: int) -> int:
    """How many runs are needed, with no more of them that do not pass, until `least_share` reaches a share.

    With none that does not pass these are log(1 − confidence) / log(share), for 95 % and 95 % 59 runs, which the rule
    of three (Hanley and Lippman-Hand 1983) rounds to 3 / (1 − share) = 60.
    """
    low, high = not_passed, not_passed + 1
    while least_share(high - not_passed, high, confidence) < share:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if least_share(middle - not_passed, middle, confidence) < share:
            low = middle
        else:
            high = middle
    return high
