"""Instants on a grid against arithmetic."""

from __future__ import annotations

import pytest

from hostio.grid import GRID_NS, on_grid


@pytest.mark.parametrize(("earliest", "period", "expected"), [(0, 10, 0), (1, 10, 10), (10, 10, 10), (11, 10, 20)])
def test_first_multiple_that_is_not_before(earliest: int, period: int, expected: int) -> None:
    assert on_grid(earliest, period) == expected


def test_own_grid_holds_whole_packets_of_voice_and_whole_ticks() -> None:
    assert on_grid(1) == GRID_NS
    assert GRID_NS % 20_000_000 == 0
