"""Stalls in readings of receive queues, against arithmetic."""

from __future__ import annotations

from hostio.timing import MS
from scenarios.run.stall_watch import Silence, SilenceWatch, StallWatch, Standing

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


def silences(*counts: tuple[int, int]) -> list[tuple[int, Silence]]:
    """Number of the reading at which each was told, and what it was: one every 250 ms, a silence after a second."""
    watch = SilenceWatch(1000 * MS)
    found = ((number, watch.add(number * STEP * MS, *each)) for number, each in enumerate(counts))
    return [(number, silence) for number, silence in found if silence]


def test_frames_in_and_none_out_for_a_second_are_a_silence_which_goes_on() -> None:
    counts = [(0, 0), (10, 9), (20, 9), (30, 9), (40, 9), (55, 9), (60, 9), (70, 10), (80, 20)]
    begin_ns = 1 * STEP * MS
    assert silences(*counts) == [
        (5, Silence(begin_ns, 5 * STEP * MS, 45)),
        (6, Silence(begin_ns, 6 * STEP * MS, 50)),
    ]


def test_a_relay_to_which_none_come_or_that_sends_some_is_not_silent() -> None:
    assert silences(*[(7, 9)] * 20) == []
    assert silences(*[(10 * number, 3 * number) for number in range(20)]) == []
    assert silences(*[(10 * number, number // 4) for number in range(20)]) == [], "one frame each second"
    assert silences(*[(10 * (number - number // 4), 0) for number in range(20)]) == [], "not one each 250 ms"


def test_after_a_restart_the_next_reading_is_the_first() -> None:
    watch = SilenceWatch(500 * MS)
    for number in range(2):
        assert watch.add(number * STEP * MS, 10 * number, 0) is None
    watch.restart()
    assert [watch.add(number * STEP * MS, 10 * number, 0) for number in (2, 3)] == [None, None]
    assert watch.add(4 * STEP * MS, 40, 0) == Silence(2 * STEP * MS, 4 * STEP * MS, 20)


def test_one_lane_suffices() -> None:
    readings = [{3: 10, 4: 10 * (number % 2)} for number in range(6)]
    assert stalls(*readings) == [(4, Standing(3, 0))]
