"""The wish of whoever started a run to end it early: the run's standard input reaches its end."""

from __future__ import annotations

import select
from time import monotonic_ns

from hostio.units import S


class StopSignal:
    """Watches a descriptor to which nobody ever writes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def by(self, deadline_ns: int) -> bool:
        """Wait until a CLOCK_MONOTONIC time, ns, or the wish, whichever comes first; whether it was the wish."""
        remaining_ns = max(0, deadline_ns - monotonic_ns())
        readable, _, _ = select.select([self._descriptor], [], [], remaining_ns / S)
        return bool(readable)
