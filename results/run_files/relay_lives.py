"""A relay that was started anew counts from 0 again: its lives put together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from relay_app.locks.report import LockReport
from relay_app.records import RELAY_CUMULATIVE

T = TypeVar("T")


def cumulative_over_lives(samples: NDArray[np.void]) -> NDArray[np.void]:
    """RELAY_SAMPLE rows, the lives in order, as if what is cumulative had never begun at 0 again."""
    total = samples.copy()
    for first in np.flatnonzero(np.diff(samples["life"].astype(np.int64))) + 1:
        for name in RELAY_CUMULATIVE:
            total[name][first:] += samples[name][first - 1]
    return total


def life_at(samples: NDArray[np.void], at_ns: int) -> int:
    """Which life a relay was in, or last had been in; the first if there is no sample from before."""
    before = samples["life"][samples["at_ns"] <= at_ns]
    return int(before[-1]) if len(before) else 0


def merged_lock_reports(reports: Sequence[LockReport]) -> LockReport:
    """Rows of all lives; a lock has one for each, because quantiles do not add up."""
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
