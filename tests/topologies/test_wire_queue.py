"""Decisions of the userspace wire against published vectors, arithmetic, and a sorted list."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hostio.units import MS, S
from topologies.wire_memory import DIRECTION, PARAMETERS
from topologies.wire_queue_loop import LOST, QUEUE_FULL, decide, next_random, pop, push


def new_direction(seed: int = 1) -> Any:
    direction = np.zeros(1, DIRECTION)
    direction["random"] = seed
    return direction[0]


def new_parameters(**values: float) -> Any:
    parameters = np.zeros(1, PARAMETERS)
    for name, value in values.items():
        parameters[name] = value
    return parameters[0]


def test_generator_is_splitmix64() -> None:
    """First outputs of the reference implementation (Vigna, splitmix64.c) for seed 1234567."""
    direction = new_direction(1_234_567)
    assert [int(next_random(direction)) for _ in range(5)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_frame_is_due_after_the_delay() -> None:
    assert decide(60, 7 * S, new_parameters(delay_ns=31 * MS), new_direction()) == 7 * S + 31 * MS


def test_full_loss_loses_everything_and_none_nothing() -> None:
    direction = new_direction()
    assert {decide(60, 0, new_parameters(loss=1.0), direction) for _ in range(1_000)} == {LOST}
    assert {decide(60, 0, new_parameters(), direction) for _ in range(1_000)} == {0}


def test_luck_depends_on_the_frames_number_alone() -> None:
    """Which frames are lost is the same whether or not the others before them met loss, jitter or a rate."""
    lossy = new_parameters(loss=0.5)
    plain, busy = new_direction(5), new_direction(5)
    for _ in range(100):
        decide(60, 0, new_parameters(), plain)
        decide(60, 0, new_parameters(loss=0.3, jitter_ns=MS, rate_bps=1e9, queue_ns=S), busy)
    busy["busy_until_ns"] = 0
    assert [decide(60, 0, lossy, plain) for _ in range(200)] == [decide(60, 0, lossy, busy) for _ in range(200)]


def test_jitter_spreads_evenly_over_both_sides() -> None:
    parameters, direction = new_parameters(delay_ns=20 * MS, jitter_ns=5 * MS), new_direction()
    due = np.array([decide(60, 0, parameters, direction) for _ in range(4_000)])
    assert 15 * MS <= due.min() < 15.1 * MS
    assert 24.9 * MS < due.max() <= 25 * MS
    assert due.mean() == pytest.approx(20 * MS, abs=4 * 10 * MS / np.sqrt(12 * 4_000))


def test_jitter_beyond_the_delay_does_not_reach_into_the_past() -> None:
    parameters, direction = new_parameters(delay_ns=MS, jitter_ns=5 * MS), new_direction()
    assert min(decide(60, S, parameters, direction) for _ in range(100)) == S


def test_rate_serialises_the_whole_frame_and_bounds_the_queue() -> None:
    """1250 bytes at 10 Mbit/s take 1 ms; a frame that would wait more than 3 ms is dropped."""
    parameters = new_parameters(delay_ns=10 * MS, rate_bps=10e6, queue_ns=3 * MS)
    direction = new_direction()
    due = [decide(1_250, 0, parameters, direction) for _ in range(6)]
    assert due == [11 * MS, 12 * MS, 13 * MS, 14 * MS, QUEUE_FULL, QUEUE_FULL]
    assert decide(1_250, MS, parameters, direction) == 15 * MS
    assert decide(1_250, S, parameters, direction) == S + 11 * MS


def test_lost_frames_take_no_room_in_the_queue() -> None:
    direction = new_direction()
    parameters = new_parameters(loss=1.0, rate_bps=1e6, queue_ns=S)
    assert decide(1_250, 0, parameters, direction) == LOST
    assert direction["busy_until_ns"] == 0


def test_lifted_rate_does_not_let_frames_overtake() -> None:
    direction = new_direction()
    held_ns = decide(1_250, 0, new_parameters(rate_bps=1e6, queue_ns=S), direction)
    assert decide(1_250, 1, new_parameters(), direction) == held_ns == 10 * MS
    assert decide(1_250, 11 * MS, new_parameters(), direction) == 11 * MS


@pytest.mark.parametrize("spread", [1, 10, 1_000_000])
def test_heap_gives_slots_by_due_time_then_arrival(spread: int) -> None:
    random = np.random.default_rng(spread)
    due = random.integers(0, spread, 300)
    order = np.arange(300)
    heap = np.zeros(300, np.int32)
    for size, slot in enumerate(range(300)):
        push(heap, size, slot, due, order)
    taken = [pop(heap, size, due, order) for size in range(300, 0, -1)]
    assert taken == sorted(range(300), key=lambda slot: (due[slot], order[slot]))


def test_heap_stays_right_when_pushes_and_pops_mix() -> None:
    random = np.random.default_rng(3)
    due, order, heap = random.integers(0, 50, 500), np.arange(500), np.zeros(500, np.int32)
    inside: list[int] = []
    for slot in range(500):
        push(heap, len(inside), slot, due, order)
        inside.append(slot)
        if random.random() < 0.6:
            first = pop(heap, len(inside), due, order)
            assert first == min(inside, key=lambda s: (due[s], order[s]))
            inside.remove(first)
