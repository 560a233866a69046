"""The compiled histogram against the HDR histogram whose layout it has, and its figures against numpy."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram

from hostio.histogram import count_of, merged, quantiles
from hostio.histogram_compiled import COUNTS, LONGEST, LONGEST_NS, TOTAL, Histogram, count_duration, new_histogram

EDGES = [(1 << power) + step for power in range(7, 40) for step in (-1, 0, 1)]


def filled(*durations_ns: int) -> Histogram:
    histogram = new_histogram()
    for each in durations_ns:
        count_duration(histogram, each)
    return histogram


def test_every_value_is_counted_where_the_library_counts_it() -> None:
    library = HdrHistogram(1, LONGEST_NS, 2)
    draw = random.Random(1)
    for value in [0, 1, *EDGES, LONGEST_NS, *(int(2 ** draw.uniform(0, 40)) for _ in range(500))]:
        library.reset()
        assert library.record_value(value)
        assert filled(value)[:COUNTS].tolist() == list(library.counts), value


def test_what_is_beyond_measure_is_counted_in_the_last_bucket_and_its_length_is_kept() -> None:
    histogram = filled(LONGEST_NS + 1, 1 << 60)
    assert histogram[COUNTS - 1] == 2
    assert (histogram[LONGEST], histogram[TOTAL]) == (1 << 60, (1 << 60) + LONGEST_NS + 1)


@pytest.mark.parametrize("sigma", [0.1, 2.0])
def test_quantiles_are_within_a_hundredth_above(sigma: float) -> None:
    values = np.random.default_rng(1).lognormal(12, sigma, 5000).astype(np.int64)
    histogram = filled(*values.tolist())
    assert (count_of(histogram), histogram[LONGEST], histogram[TOTAL]) == (5000, values.max(), values.sum())
    shares = (0.01, 0.5, 0.99, 1.0)
    for share, found in zip(shares, quantiles(histogram, shares), strict=True):
        exact = int(np.quantile(values, share, method="inverted_cdf"))
        assert exact <= found <= exact * 1.01 + 1, share


def test_quantiles_are_those_of_the_library() -> None:
    values = np.random.default_rng(2).lognormal(8, 3, 999).astype(np.int64).tolist()
    library = HdrHistogram(1, LONGEST_NS, 2)
    for value in values:
        library.record_value(value)
    shares = (0.001, 0.25, 0.5, 0.9, 0.999)
    assert quantiles(filled(*values), shares) == [library.get_value_at_percentile(100 * share) for share in shares]


def test_nothing_counted_is_all_zero_and_merging_adds() -> None:
    assert quantiles(new_histogram(), (0.5, 1.0)) == [0, 0]
    both = merged([filled(10), filled(4, 3)])
    assert (count_of(both), both[TOTAL], both[LONGEST]) == (3, 17, 10)
    assert quantiles(both, (0.5, 1.0)) == [4, 10]
