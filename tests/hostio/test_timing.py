"""Instants on a grid against arithmetic."""

from __future__ import annotations

import pytest

from hostio.timing import START_ALIGNMENT_NS, next_multiple


@pytest.mark.parametrize(("earliest", "period", "expected"), [(0, 10, 0), (1, 10, 10), (10, 10, 10), (11, 10, 20)])
def test_first_multiple_that_is_not_before(earliest: int, period: int, expected: int) -> None:
    assert next_multiple(earliest, period) == expected


def test_own_grid_holds_whole_packets_of_voice_and_whole_ticks() -> None:
    assert next_multiple(1) == START_ALIGNMENT_NS
    assert START_ALIGNMENT_NS % 20_000_000 == 0
