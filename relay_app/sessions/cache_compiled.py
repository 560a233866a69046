"""Compiled look-ups in the session cache's arrays. They take no lock; `cache.py` says why that is safe."""

from __future__ import annotations

from typing import Any

from hostio.compiled import compiled

FREED = -1
"""The key of a place whose entry was removed: a search goes on past it."""


@compiled
def home_slot(ssrc: int, capacity: int) -> int:
    """Where the search for an SSRC begins: a Fibonacci hash, its high bits folded in; capacity is a power of two."""
    hashed = ssrc * 0x9E3779B1 & 0xFFFFFFFF
    return (hashed ^ hashed >> 15) & (capacity - 1)


@compiled
def find(keys: Any, ssrc: int) -> int:
    """The slot of an SSRC in open addressing with linear probing, or −1 − (the free slot where it would go).

    `keys` int64[capacity] holds SSRC + 1, 0 where free, FREED where an entry was removed; at least one must be free.
    """
    slot = home_slot(ssrc, len(keys))
    while keys[slot] != 0:
        if keys[slot] == ssrc + 1:
            return slot
        slot = (slot + 1) & (len(keys) - 1)
    return -1 - slot


@compiled
def place_for(keys: Any, used_ns: Any, ssrc: int, freed_by_ns: int) -> int:
    """Where to add an SSRC that is not there: the first place freed by `freed_by_ns`, or the first never used."""
    slot = home_slot(ssrc, len(keys))
    while keys[slot] != 0 and not (keys[slot] == FREED and used_ns[slot] <= freed_by_ns):
        slot = (slot + 1) & (len(keys) - 1)
    return slot


@compiled
def expire_idle(keys: Any, used_ns: Any, idle_since_ns: int, now_ns: int, freed_by_ns: int) -> int:
    """Remove entries not used since `idle_since_ns`; how many.

    A place freed by `freed_by_ns` with an unused place behind it becomes unused itself, so that searches do not get
    longer for ever. The slots are visited from the last to the first, so that a whole chain is cleared in one pass.
    """
    left = 0
    for slot in range(len(keys) - 1, -1, -1):
        if keys[slot] > 0 and used_ns[slot] < idle_since_ns:
            keys[slot] = FREED
            used_ns[slot] = now_ns
            left += 1
        elif keys[slot] == FREED and used_ns[slot] <= freed_by_ns and keys[(slot + 1) & (len(keys) - 1)] == 0:
            keys[slot] = 0
    return left


@compiled
def is_unknown(keys: Any, until_ns: Any, ssrc: int, now_ns: int) -> bool:
    """Whether an SSRC is remembered as unknown; both arrays are int64[capacity], one place for each SSRC."""
    slot = home_slot(ssrc, len(keys))
    return keys[slot] == ssrc + 1 and now_ns < until_ns[slot]  # type: ignore[no-any-return]
