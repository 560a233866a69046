"""Sensors of cores, against a core that another process holds for a known time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from multiprocessing import get_context
from time import monotonic_ns

import pytest

from hostio.timing import MS, S, wait_until
from scenarios.run.core_sensor import CoreSensors, compile_loops

PERIOD = 2 * MS
HELD = 50 * MS
HOG_PRIORITY = 60


def hold(core: int, for_ns: int) -> None:
    """Keep a core from every thread of lower priority."""
    os.sched_setaffinity(0, {core})
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(HOG_PRIORITY))
    end_ns = monotonic_ns() + for_ns
    while monotonic_ns() < end_ns:
        pass


@pytest.fixture
def realtime() -> None:
    """Skips where a process may not have real-time priority."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        pytest.skip("SCHED_FIFO is refused")
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@pytest.fixture
def sensors() -> Iterator[CoreSensors]:
    compile_loops()
    made = CoreSensors(os.sched_getaffinity(0), PERIOD)
    yield made
    made.end()


@pytest.mark.root
@pytest.mark.usefixtures("realtime")
def test_a_core_that_is_held_is_noted_for_as_long(sensors: CoreSensors) -> None:
    core = max(os.sched_getaffinity(0))
    start_ns = monotonic_ns()
    sensors.begin(start_ns, start_ns + 60 * S)
    hog = get_context("spawn").Process(target=hold, args=(core, HELD))
    hog.start()
    hog.join(30)
    assert hog.exitcode == 0
    sensors.end()
    spans = sensors.hold_ups()[f"core {core}"]
    longest = max((until_ns - from_ns for from_ns, until_ns in spans), default=0)
    assert longest >= HELD
    assert all(start_ns <= from_ns < until_ns for from_ns, until_ns in spans)
    cores = len(sensors.hold_ups())
    assert sensors.counters() == {"core_sensors": cores, "realtime_core_sensors": cores}


def test_nothing_is_noted_outside_the_time(sensors: CoreSensors) -> None:
    end_ns = monotonic_ns()
    sensors.begin(end_ns - S, end_ns)
    sensors.end()
    assert set(sensors.hold_ups().values()) <= {()}


def test_sensors_end_when_their_time_is_over() -> None:
    compile_loops()
    sensors = CoreSensors({min(os.sched_getaffinity(0))}, PERIOD)
    sensors.begin(monotonic_ns(), monotonic_ns() + 20 * MS)
    assert wait_until(lambda: not any(thread.is_alive() for thread in sensors._threads), 20)
    sensors.end()
