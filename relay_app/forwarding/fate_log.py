"""A log of packets that a relay did not forward, in a shared mapping of a file: it survives a relay that is killed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from relay_app.records import HELD, LEFT, RELAY_FATE

Array = npt.NDArray[Any]

ROWS = 1 << 22
"""Capacity of the log; later packets are in the relay's counters only."""

FATE_STATE = np.dtype([("count", "<i8"), ("in_hand", "<i8")])
"""`count`: rows written. `in_hand`: packets read from a lane and neither sent on nor dropped yet."""


class FateLog(NamedTuple):
    """`rows` RELAY_FATE[ROWS] and `state` FATE_STATE[1]. Memory pages are allocated as they are used."""

    rows: Array
    state: Array

    @classmethod
    def create(cls, path: Path | None = None) -> FateLog:
        """A new log in a file, or in plain memory."""
        if path is None:
            return cls(np.zeros(ROWS, RELAY_FATE), np.zeros(1, FATE_STATE))
        return cls._mapped(path, "w+")

    @classmethod
    def read(cls, path: Path) -> tuple[Array, int]:
        """RELAY_FATE[n] of a log in a file, and the number of packets in hand. FileNotFoundError."""
        log = cls._mapped(path, "r+")
        return log.rows[: log.state["count"][0]].copy(), int(log.state["in_hand"][0])

    @classmethod
    def _mapped(cls, path: Path, mode: Any) -> FateLog:
        state = np.memmap(path, FATE_STATE, mode, shape=(1,))
        rows = np.memmap(path, RELAY_FATE, "r+", offset=FATE_STATE.itemsize, shape=(ROWS,))
        return cls(np.asarray(rows), np.asarray(state))

    def append(self, rows: Iterable[tuple[int, int, int, int]]) -> None:
        """Append rows (ssrc, seq, reason, at_ns) while there is room."""
        for row in rows:
            count = int(self.state["count"][0])
            if count < len(self.rows):
                self.rows[count] = row
                self.state["count"] = count + 1  # after the row: a reader never counts one that is half written


def left_behind(rows: Array) -> Array:
    """RELAY_FATE of a relay that ended before the run: HELD and UNREAD become LEFT, as nobody will forward them."""
    after: Array = rows.copy()
    after["reason"][rows["reason"] >= HELD] = LEFT
    return after
