"""Compiled random numbers of a link direction: SplitMix64 (Steele, Lea, Flood 2014), addressed by number.

A frame has `DRAWS` numbers of its own and looks at those it needs, so that its luck depends on the seed and on its
place among the direction's frames, and not on what befell the others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hostio.compiled import compiled

DRAWS = 16
"""Numbers of a frame; the second half is for its duplicate."""

OF_DUPLICATE = 8

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SHIFT_1, _SHIFT_2, _SHIFT_3 = np.uint64(30), np.uint64(27), np.uint64(31)
_TO_53_BITS = np.uint64(11)


@compiled
def random_bits(direction: Any, draw: int) -> Any:
    """The frame's 64 random bits number `draw`, from 0."""
    z = direction.random + np.uint64(draw + 1) * _GAMMA
    z = (z ^ (z >> _SHIFT_1)) * _MIX_1
    z = (z ^ (z >> _SHIFT_2)) * _MIX_2
    return z ^ (z >> _SHIFT_3)


@compiled
def uniform(direction: Any, draw: int) -> float:
    """The frame's random number `draw` in [0, 1)."""
    return (random_bits(direction, draw) >> _TO_53_BITS) * 2.0**-53  # type: ignore[no-any-return]


@compiled
def next_frame(direction: Any) -> None:
    """Go on to the next frame's numbers."""
    direction.random += np.uint64(DRAWS) * _GAMMA
