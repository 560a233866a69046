"""Lateness against waits whose end is known, and as HDR histogram tools read it."""

from __future__ import annotations

import os
import threading
from time import monotonic_ns

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram

from hostio.histogram import lateness_of
from hostio.lateness_compiled import (
    HOLD_UPS_NOTED,
    LatenessRows,
    count_late,
    empty_lateness,
    hold_ups_of,
    sleep_counted,
    wait_counted,
    watch,
)
from hostio.mmsg import poll_descriptors
from hostio.timing import MS, US, S


def watched(*late_ns: int) -> LatenessRows:
    lateness = empty_lateness()
    watch(lateness, 0, 1 << 62)
    for each in late_ns:
        count_late(lateness, S, S + each)
    return lateness


def test_what_is_early_is_counted_as_on_time() -> None:
    found = lateness_of(watched(-5, 0, 300))
    assert (found.wakeups, found.p50_ms, found.max_ms) == (3, 0.0, 0.0003)


@pytest.mark.parametrize(
    ("deadline_s", "woken_s", "late_s"),
    [(8, 9, None), (8, 10, 0), (8, 12, 2), (10, 13, 3), (19, 25, 6), (20, 20, None), (25, 26, None)],
)
def test_only_what_is_late_in_the_time_watched_counts(deadline_s: int, woken_s: int, late_s: int | None) -> None:
    lateness = empty_lateness()
    count_late(lateness, deadline_s * S, woken_s * S)
    watch(lateness, 10 * S, 20 * S)
    count_late(lateness, deadline_s * S, woken_s * S)
    found = lateness_of(lateness)
    assert found.wakeups == (late_s is not None)
    assert found.max_ms == pytest.approx(1000 * (late_s or 0), rel=0.01, abs=0.001)


def test_quantiles_are_within_a_hundredth() -> None:
    values = np.random.default_rng(1).lognormal(11, 2, 20_000).astype(np.int64)
    found = lateness_of(watched(*values.tolist()))
    assert found.wakeups == len(values)
    for share, figure in ((0.5, found.p50_ms), (0.99, found.p99_ms), (0.999, found.p99_9_ms), (1, found.max_ms)):
        assert figure == pytest.approx(np.quantile(values, share) / 1e6, rel=0.01, abs=0.001)


def test_nothing_counted() -> None:
    found = lateness_of(empty_lateness())
    assert (found.wakeups, found.p50_ms, found.max_ms) == (0, 0.0, 0.0)


def test_the_histogram_goes_with_the_figures() -> None:
    again = HdrHistogram.decode(lateness_of(watched(40 * US, 50 * US, 3 * MS)).histogram)
    assert (again.total_count, again.get_value_at_percentile(100)) == (3, pytest.approx(3 * MS, rel=0.01))


def test_a_sleep_is_counted_and_a_time_that_has_passed_is_not() -> None:
    lateness, timespec = watched(), np.zeros(2, np.int64)
    sleep_counted(monotonic_ns() - S, timespec, lateness)
    assert lateness_of(lateness).wakeups == 0
    sleep_counted(monotonic_ns() + 5 * MS, timespec, lateness)
    assert lateness_of(lateness).wakeups == 1


def test_only_the_timeout_counts_in_a_wait() -> None:
    lateness, timespec = watched(), np.zeros(2, np.int64)
    event = os.eventfd(0)
    descriptors = poll_descriptors(event)
    assert wait_counted(descriptors, 1, 5 * MS, timespec, lateness) == 0
    assert lateness_of(lateness).wakeups == 1
    waker = threading.Timer(0.01, os.eventfd_write, (event, 1))
    waker.start()
    assert wait_counted(descriptors, 1, 10 * S, timespec, lateness) == 1
    assert wait_counted(descriptors, 1, 0, timespec, lateness) == 1
    assert lateness_of(lateness).wakeups == 1
    waker.join()
    os.close(event)


@pytest.mark.parametrize(
    ("late", "found"),
    [
        ([(0, 999_999)], []),
        ([(0, MS)], [(0, MS)]),
        ([(0, 2 * MS), (3 * MS, 5 * MS)], [(0, 2 * MS), (3 * MS, 5 * MS)]),
        ([(0, 2 * MS), (2 * MS, 5 * MS)], [(0, 5 * MS)]),
        ([(3 * MS, 9 * MS), (2 * MS, 9 * MS), (7 * MS, 10 * MS)], [(2 * MS, 10 * MS)]),
        ([(0, 2 * MS), (3 * MS, 5 * MS), (6 * MS, 8 * MS), (4 * MS, 9 * MS)], [(0, 2 * MS), (3 * MS, 9 * MS)]),
    ],
)
def test_hold_ups_that_touch_are_one(late: list[tuple[int, int]], found: list[tuple[int, int]]) -> None:
    lateness = watched()
    for deadline_ns, now_ns in late:
        count_late(lateness, deadline_ns, now_ns)
    assert hold_ups_of(lateness) == tuple(found)


def test_only_the_part_of_a_hold_up_in_the_time_watched_is_noted() -> None:
    lateness = empty_lateness()
    watch(lateness, 10 * S, 20 * S)
    for deadline_s, woken_s in ((8, 9), (9, 11), (19, 25), (21, 26)):
        count_late(lateness, deadline_s * S, woken_s * S)
    assert hold_ups_of(lateness) == ((10 * S, 11 * S), (19 * S, 25 * S))


def test_hold_ups_without_room_are_covered_by_the_last() -> None:
    lateness = watched()
    count = HOLD_UPS_NOTED + 3
    for number in range(count):
        count_late(lateness, number * 10 * MS, number * 10 * MS + 2 * MS)
    found = hold_ups_of(lateness)
    assert len(found) == HOLD_UPS_NOTED
    assert found[-2:] == (
        (10 * (HOLD_UPS_NOTED - 2) * MS, (10 * (HOLD_UPS_NOTED - 2) + 2) * MS),
        (10 * (HOLD_UPS_NOTED - 1) * MS, (10 * (count - 1) + 2) * MS),
    )
    count_late(lateness, 10 * (HOLD_UPS_NOTED - 2) * MS, 11 * count * MS)
    assert hold_ups_of(lateness)[-1] == (10 * (HOLD_UPS_NOTED - 2) * MS, 11 * count * MS)
