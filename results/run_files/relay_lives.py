"""What relays recorded in each of their lives, as one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from relay_app.locks.report import LockReport
from relay_app.records import (
    RELAY_CUMULATIVE,
)

T = TypeVar("T")


def cumulative_over_lives(samples: NDArray[np.void]) -> NDArray[np.void]:
    """RELAY_SAMPLE rows in order of time, with cumulative columns that continue over restarts of the relay.

    The counters of each life start at 0; interfaces and switches count the whole run. Only the sum over all lives can
    be balanced against them.
    """
    total = samples.copy()
    for first in np.flatnonzero(np.diff(samples["life"].astype(np.int64))) + 1:
        for name in RELAY_CUMULATIVE:
            total[name][first:] += samples[name][first - 1]
    return total


def life_at(samples: NDArray[np.void], at_ns: int) -> int:
    """Number of the life in RELAY_SAMPLE rows at a time, or of the last before it; 0 if there is no earlier sample."""
    before = samples["life"][samples["at_ns"] <= at_ns]
    return int(before[-1]) if len(before) else 0


def merged_lock_reports(reports: Sequence[LockReport]) -> LockReport:
    """The reports of all lives as one. A lock keeps one row per life, because quantiles cannot be summed."""
    rows = sorted((row for report in reports for row in report.locks), key=lambda row: -row.wait.total_ns)
    sites = sorted((row for report in reports for row in report.sites), key=lambda row: -row.wait.total_ns)
    return LockReport(
        locks=tuple(rows),
        sites=tuple(sites),
        held_across_io=_all(report.held_across_io for report in reports),
        inversions=tuple(dict.fromkeys(_all(report.inversions for report in reports))),
        stalls=_all(report.stalls for report in reports),
    )


def _all(parts: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(each for part in parts for each in part)
