"""Compiled look-ups in the session cache's arrays. They take no lock: see `cache.py` for why that is safe."""

from __future__ import annotations

from typing import Any

from hostio.compiled import compiled


@compiled
def home_slot(ssrc: int, capacity: int) -> int:
    """Where the search for an SSRC begins: a Fibonacci hash, its high bits folded in; capacity is a power of two."""
    hashed = ssrc * 0x9E3779B1 & 0xFFFFFFFF
    return (hashed ^ hashed >> 15) & (capacity - 1)


@compiled
def find(keys: Any, ssrc: int) -> int:
    """The slot of an SSRC in open addressing with linear probing, or −1 − (the free slot where it would go).

    `keys` int64[capacity] holds SSRC + 1, 0 where free; at least one must be free.
    """
    slot = home_slot(ssrc, len(keys))
    while keys[slot] != 0:
        if keys[slot] == ssrc + 1:
            return slot
        slot = (slot + 1) & (len(keys) - 1)
    return -1 - slot


@compiled
def is_unknown(keys: Any, until_ns: Any, ssrc: int, now_ns: int) -> bool:
    """Whether an SSRC is remembered as unknown; both arrays are int64[capacity], one place for each SSRC."""
    slot = home_slot(ssrc, len(keys))
    return keys[slot] == ssrc + 1 and now_ns < until_ns[slot]  # type: ignore[no-any-return]
