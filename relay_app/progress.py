"""Whether the control side of a relay gets on."""

from __future__ import annotations

from collections.abc import Callable

from relay_app.relay_version import ControlSide
from relay_app.session_table import SessionTable


class FetchProgress:
    """Progress is that fewer keys are being fetched or more sessions are cached than at the last look."""

    def __init__(self, control: ControlSide, table: SessionTable, clock_ns: Callable[[], int]) -> None:
        self._control = control
        self._table = table
        self._clock_ns = clock_ns
        self._seen = (0, 0)
        self._last_ns = 0

    def last_ns(self) -> int | None:
        """When there last was progress, the first look at the earliest; None if nothing is being fetched."""
        fetching, cached = self._control.fetching, len(self._table.cache)
        before, self._seen = self._seen, (fetching, cached)
        if not self._last_ns or not fetching or fetching < before[0] or cached > before[1]:
            self._last_ns = self._clock_ns()
        return self._last_ns if fetching else None
