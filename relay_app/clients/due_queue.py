"""What is due when, by SSRC: each has one time, and is taken once it has come. Pure; times in ns."""

from __future__ import annotations

import heapq
from collections.abc import Iterator


class DueQueue:
    """One time for each SSRC that has any; a new time takes the place of the old one."""

    def __init__(self) -> None:
        self._due_ns: dict[int, int] = {}
        self._heap: list[tuple[int, int]] = []

    def put(self, ssrc: int, due_ns: int) -> None:
        """Have an SSRC be due then."""
        self._due_ns[ssrc] = due_ns
        heapq.heappush(self._heap, (due_ns, ssrc))

    @property
    def next_ns(self) -> int | None:
        """When to look again: no later than the first is due. None: never."""
        return self._heap[0][0] if self._heap else None

    def taken(self, now_ns: int) -> Iterator[tuple[int, int]]:
        """What is due by now, each with its time, in the order of the times; taken off."""
        while self._heap and self._heap[0][0] <= now_ns:
            due_ns, ssrc = heapq.heappop(self._heap)
            if self._due_ns.get(ssrc) == due_ns:
                del self._due_ns[ssrc]
                yield due_ns, ssrc
