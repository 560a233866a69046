"""Compiled decisions of the userspace wire, without any input or output: a frame's fate, and the order of release.

`parameters` is one PARAMETERS record, `direction` one DIRECTION record (`wire_memory.py`). Frames are known by their
slot in the slot store; `due` and `order` hold each slot's release time and arrival number.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hostio.compiled import compiled

LOST = -1
QUEUE_FULL = -2

_S = 1_000_000_000
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SHIFT_1, _SHIFT_2, _SHIFT_3 = np.uint64(30), np.uint64(27), np.uint64(31)
_TO_53_BITS = np.uint64(11)


@compiled
def next_random(direction: Any) -> Any:
    """The direction's next 64 random bits: SplitMix64 (Steele, Lea, Flood 2014)."""
    direction.random += _GAMMA
    z = direction.random
    z = (z ^ (z >> _SHIFT_1)) * _MIX_1
    z = (z ^ (z >> _SHIFT_2)) * _MIX_2
    return z ^ (z >> _SHIFT_3)


@compiled
def uniform(direction: Any) -> float:
    """The direction's next random number in [0, 1)."""
    return (next_random(direction) >> _TO_53_BITS) * 2.0**-53  # type: ignore[no-any-return]


@compiled
def decide(length: int, arrived_ns: int, parameters: Any, direction: Any) -> int:
    """When a frame that arrived then is due, ns; or LOST, or QUEUE_FULL.

    Loss comes first, then the queue, then the delay. Every frame draws two random numbers, used or not, so that
    a frame's luck depends on the seed and its number only.
    """
    luck = uniform(direction)
    spread = 2.0 * uniform(direction) - 1.0
    if luck < parameters.loss:
        return LOST
    serialised_ns = _serialise(length, arrived_ns, parameters, direction)
    if serialised_ns == QUEUE_FULL:
        return QUEUE_FULL
    return serialised_ns + max(0, parameters.delay_ns + round(spread * parameters.jitter_ns))  # type: ignore[no-any-return]


@compiled
def _serialise(length: int, arrived_ns: int, parameters: Any, direction: Any) -> int:
    """When the frame's last bit leaves the queue, ns. What an earlier rate still holds back goes out first."""
    start_ns = max(arrived_ns, direction.busy_until_ns)
    if parameters.rate_bps == 0:
        return start_ns  # type: ignore[no-any-return]
    if start_ns - arrived_ns > parameters.queue_ns:
        return QUEUE_FULL
    direction.busy_until_ns = start_ns + (length * 8 * _S + parameters.rate_bps - 1) // parameters.rate_bps
    return direction.busy_until_ns  # type: ignore[no-any-return]


@compiled
def push(heap: Any, size: int, slot: int, due: Any, order: Any) -> None:
    """Add a slot to a binary heap of `size` slots."""
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if not _before(slot, heap[parent], due, order):
            break
        heap[child] = heap[parent]
        child = parent
    heap[child] = slot


@compiled
def pop(heap: Any, size: int, due: Any, order: Any) -> int:
    """Take the slot due first out of a binary heap of `size` slots, at least one."""
    first = heap[0]
    last = heap[size - 1]
    parent = 0
    child = _earlier_child(heap, parent, size - 1, due, order)
    while child > 0 and _before(heap[child], last, due, order):
        heap[parent] = heap[child]
        parent = child
        child = _earlier_child(heap, parent, size - 1, due, order)
    heap[parent] = last
    return first  # type: ignore[no-any-return]


@compiled
def _earlier_child(heap: Any, parent: int, size: int, due: Any, order: Any) -> int:
    """Index of the child that goes first; 0 if there is none."""
    left = 2 * parent + 1
    if left >= size:
        return 0
    if left + 1 < size and _before(heap[left + 1], heap[left], due, order):
        return left + 1
    return left


@compiled
def _before(one: int, other: int, due: Any, order: Any) -> bool:
    if due[one] != due[other]:
        return due[one] < due[other]  # type: ignore[no-any-return]
    return order[one] < order[other]  # type: ignore[no-any-return]
