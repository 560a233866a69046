"""Compiled order of release: a binary heap of slots for each direction. No input or output.

`due` and `order` hold each slot's release time and arrival number. Of two frames due at once the one that arrived first
goes first: otherwise a link without jitter would reorder frames that arrive in one batch.
"""

from __future__ import annotations

from typing import Any

from hostio.compiled import compiled


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
    """Remove and return the slot due first from a binary heap of `size` ≥ 1 slots."""
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
