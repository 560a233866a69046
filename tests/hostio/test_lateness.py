"""Lateness against the HDR histogram whose layout it counts in, and against waits whose end is known."""

from __future__ import annotations

import os
import random
import threading
from time import monotonic_ns

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram

from hostio.histogram import lateness_of
from hostio.lateness import COUNTS, LONGEST_NS, UNIT_BITS, count_late, no_counts, sleep_counted, wait_counted
from hostio.mmsg import poll_descriptors
from hostio.units import MS, US, S

EDGES = [edge + step for power in range(9, 37) for edge in (1 << power,) for step in (-1, 0, 1)]


def test_every_value_is_counted_where_the_library_counts_it() -> None:
    library = HdrHistogram(1 << UNIT_BITS, LONGEST_NS, 2)
    draw = random.Random(1)
    for value in [0, 1, *EDGES, LONGEST_NS, *(int(2 ** draw.uniform(0, 36)) for _ in range(2000))]:
        if value <= LONGEST_NS:
            ours = no_counts()
            count_late(ours, value)
            library.reset()
            library.record_value(value)
            assert ours.tolist() == list(library.counts), value


def test_what_is_early_or_beyond_measure_is_counted_at_the_ends() -> None:
    counts = no_counts()
    for late_ns in (-5, 0, LONGEST_NS + 1, 1 << 62):
        count_late(counts, late_ns)
    assert (counts[0], counts[COUNTS - 1], counts.sum()) == (2, 2, 4)


def test_quantiles_are_within_a_hundredth() -> None:
    counts = no_counts()
    values = np.random.default_rng(1).lognormal(11, 2, 20_000).astype(np.int64)
    for value in values.tolist():
        count_late(counts, value)
    found = lateness_of(counts)
    assert found.wakeups == len(values)
    for share, figure in ((0.5, found.p50_ms), (0.99, found.p99_ms), (0.999, found.p99_9_ms), (1, found.max_ms)):
        assert figure == pytest.approx(np.quantile(values, share) / 1e6, rel=0.01, abs=0.001)


def test_nothing_counted() -> None:
    found = lateness_of(no_counts())
    assert (found.wakeups, found.p50_ms, found.max_ms) == (0, 0.0, 0.0)


def test_the_histogram_goes_with_the_figures() -> None:
    counts = no_counts()
    for late_ns in (40 * US, 50 * US, 3 * MS):
        count_late(counts, late_ns)
    again = HdrHistogram.decode(lateness_of(counts).histogram)
    assert (again.total_count, again.get_value_at_percentile(100)) == (3, pytest.approx(3 * MS, rel=0.01))


def test_a_sleep_is_counted_and_a_time_that_has_passed_is_not() -> None:
    counts, timespec = no_counts(), np.zeros(2, np.int64)
    sleep_counted(monotonic_ns() - S, timespec, counts)
    assert counts.sum() == 0
    sleep_counted(monotonic_ns() + 5 * MS, timespec, counts)
    assert lateness_of(counts).wakeups == 1


def test_only_the_timeout_counts_in_a_wait() -> None:
    counts, timespec = no_counts(), np.zeros(2, np.int64)
    event = os.eventfd(0)
    descriptors = poll_descriptors(event)
    assert wait_counted(descriptors, 1, 5 * MS, timespec, counts) == 0
    assert counts.sum() == 1
    waker = threading.Timer(0.01, os.eventfd_write, (event, 1))
    waker.start()
    assert wait_counted(descriptors, 1, 10 * S, timespec, counts) == 1
    assert wait_counted(descriptors, 1, 0, timespec, counts) == 1
    assert counts.sum() == 1
    waker.join()
    os.close(event)
