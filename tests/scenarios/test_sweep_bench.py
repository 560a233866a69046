"""What `scripts/bench sweep` calls alike."""

from __future__ import annotations

import pytest

from benchmarks.sweep import overlap
from results.comparison.values import Measured

Bounds = tuple[float | None, float | None]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ((1.0, 2.0), (2.0, 3.0), True),
        ((1.0, 2.0), (2.1, 3.0), False),
        ((2.1, 3.0), (1.0, 2.0), False),
        ((1.0, None), (5.0, 6.0), True),
        ((None, 2.0), (5.0, 6.0), False),
        ((None, None), (5.0, 6.0), True),
    ],
)
def test_two_results_are_alike_if_a_value_lies_within_the_bounds_of_both(
    one: Bounds, other: Bounds, alike: bool
) -> None:
    assert overlap(Measured(None, *one, "lower"), Measured(None, *other, "lower")) is alike
