from __future__ import annotations

import pytest

from controller.moves import lanes_text


@pytest.mark.parametrize(
    ("lanes", "text"),
    [((3,), "lane 3"), ((0, 1, 2, 5), "lanes 0–2, 5"), ((15, 14, 0), "lanes 0, 14–15")],
)
def test_lanes_in_a_row_are_a_range(lanes: tuple[int, ...], text: str) -> None:
    assert lanes_text(lanes) == text
