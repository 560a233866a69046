"""Waiting for descriptors of any number: a run of many clusters has more of them than the 1024 of select(2)."""

from __future__ import annotations

import select
from collections.abc import Iterable

_MS_PER_S = 1000


def readable(descriptors: Iterable[int], within_s: float) -> set[int]:
    """Those with something to read, or at their end, once there is one; none after `within_s`, in steps of 1 ms."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(max(0.0, within_s) * _MS_PER_S)}
