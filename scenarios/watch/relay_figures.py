"""What a relay does at a time, from the samples that it records of itself. Pure; times are CLOCK_MONOTONIC ns."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hostio.timing import MS, S
from relay_app.records import RELAY_COUNTERS

_DROPS = tuple(name for name in RELAY_COUNTERS if name.startswith("dropped_"))

HISTORY = 24
"""Seconds of the past that are kept for a picture of them."""

_QUIET_NS = 1000 * MS
"""A relay samples itself ten times a second: after so long without a sample it has stopped to."""


@dataclass(frozen=True, slots=True)
class RelayFigures:
    """Rates are of the last second before `now_ns`, packets per second; gauges those of the last sample.

    `dropped_as`: the reason of most of the drops. `lock_share`: of the last second, for how much of it the lock of the
    packet path was held. `history`: packets forwarded in each of the last seconds, the oldest first.
    `silent_ns`: the time since the last sample, where that is long; else 0.
    """

    forwarded: float
    dropped: float
    dropped_as: str
    cached: int
    fetching: int
    waiting_bytes: int
    lock_share: float
    history: tuple[float, ...]
    silent_ns: int

    @property
    def stands_still(self) -> bool:
        """Packets wait for it, and it forwards none."""
        return not self.silent_ns and self.waiting_bytes > 0 and self.forwarded == 0


def figures_at(samples: NDArray[Any], now_ns: int) -> RelayFigures | None:
    """The figures of RELAY_SAMPLE rows, in the order of time, at a time; None before the first of them.

    Counters of a life begin at 0: a difference over the start of a new one is taken from there.
    """
    until = int(np.searchsorted(samples["at_ns"], now_ns, side="right"))
    if not until:
        return None
    seconds = [_at_second(samples, until, now_ns - back * S) for back in range(HISTORY, -1, -1)]
    history = tuple(float(_growth(samples, *pair, "forwarded")) for pair in pairwise(seconds))
    first, last = seconds[-2:]
    drops = {name: _growth(samples, first, last, name) for name in _DROPS}
    most = max(drops, key=lambda name: drops[name])
    row, silent_ns = samples[last], now_ns - int(samples["at_ns"][last])
    return RelayFigures(
        forwarded=history[-1],
        dropped=float(sum(drops.values())),
        dropped_as=most.removeprefix("dropped_").replace("_", " ") if drops[most] else "",
        cached=int(row["cached"]),
        fetching=int(row["fetching"]),
        waiting_bytes=int(row["waiting_bytes"]),
        lock_share=min(1.0, _growth(samples, first, last, "lock_held_ns") / S),
        history=history,
        silent_ns=silent_ns if silent_ns > _QUIET_NS else 0,
    )


def _at_second(samples: NDArray[Any], until: int, at_ns: int) -> int:
    """The last sample at or before a time, or the first there is."""
    return max(0, min(until, int(np.searchsorted(samples["at_ns"], at_ns, side="right"))) - 1)


def _growth(samples: NDArray[Any], first: int, last: int, name: str) -> int:
    before = int(samples[name][first]) if samples["life"][first] == samples["life"][last] else 0
    return max(0, int(samples[name][last]) - before)
