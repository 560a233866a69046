"""The heap of the userspace wire against a sorted list."""

from __future__ import annotations

import numpy as np
import pytest

from topologies.wire.heap_compiled import pop, push


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
