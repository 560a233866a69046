"""What is said of work in steps that may take long: how long it has taken, and what is left as far as that is known."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

LONG_S = 2.0
"""What takes no longer than this needs no progress."""

_LEAST_SHARE = 0.1
"""Of less than this being done, nobody can say how long the rest will take."""


class StepTimes:
    """The times of one piece of work, from now on. `clock`: s."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._begun_s = clock()

    @property
    def elapsed_s(self) -> float:
        """Since its beginning."""
        return self._clock() - self._begun_s

    @property
    def is_long(self) -> bool:
        """Whether it has taken so long that it is to be told."""
        return self.elapsed_s > LONG_S

    def left(self, share: float) -> str:
        """How much longer it will take if a share of it, 0 to 1, is done; until that can be said, how long it took."""
        if share < _LEAST_SHARE:
            return f"{self.elapsed_s:.0f} s"
        return f"{self.elapsed_s:.0f} s, about {self.elapsed_s * (1 - share) / share:.0f} s left"
