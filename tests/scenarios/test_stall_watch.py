"""Stalls in readings of receive queues, against arithmetic."""

from __future__ import annotations

from hostio.timing import MS
from scenarios.run.stall_watch import StallWatch, Standing

STEP = 250


def stalls(*readings: dict[int, int]) -> list[tuple[int, Standing]]:
    """Number of the reading at which each was found, and what it was: one every 250 ms, a stall after a second."""
    watch = StallWatch(1000 * MS)
    found = ((number, watch.add(number * STEP * MS, reading)) for number, reading in enumerate(readings))
    return [(number, standing) for number, standing in found if standing]


def test_a_queue_that_only_grows_for_a_second_is_a_stall_and_told_once() -> None:
    growing = [{3: 0}, {3: 10}, {3: 20}, {3: 20}, {3: 30}, {3: 40}, {3: 50}, {3: 50}]
    assert stalls(*growing) == [(5, Standing(3, 250 * MS))]


def test_a_queue_from_which_something_was_taken_is_none() -> None:
    assert stalls(*[{3: held} for held in (0, 10, 20, 30, 29, 40, 50, 60)]) == []
    assert stalls(*[{3: 10 * (number % 2)} for number in range(20)]) == []
    assert stalls(*[{3: 0}] * 20) == []


def test_a_full_queue_is_one() -> None:
    assert [number for number, _ in stalls(*[{3: 10, 4: 0}] * 8)] == [4]


def test_after_it_has_moved_on_a_second_stall_is_told() -> None:
    readings = [{3: 10}] * 5 + [{3: 0}] + [{3: 10, 7: 20}] * 6
    assert stalls(*readings) == [(4, Standing(3, 0)), (10, Standing(3, 6 * STEP * MS))]


def test_one_lane_suffices() -> None:
    readings = [{3: 10, 4: 10 * (number % 2)} for number in range(6)]
    assert stalls(*readings) == [(4, Standing(3, 0))]
