"""Finds stalls of a program at the receive queues of its lanes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from relay_app.locks.report import STALL_AFTER_NS


class Standing(NamedTuple):
    """A lane whose queue holds packets, and has not become shorter since `from_ns`."""

    lane: int
    from_ns: int


class StallWatch:
    """Readings of the queues of one program, and the stalls in them. `after_ns`: how long no packet is taken from a
    lane that holds some, before that is a stall."""

    def __init__(self, after_ns: int = STALL_AFTER_NS) -> None:
        self._after_ns = after_ns
        self._since: dict[int, tuple[int, int]] = {}
        self._stalled = False

    def add(self, at_ns: int, queued: Mapping[int, int]) -> Standing | None:
        """Take in a reading, bytes by lane; the stall if one begins to be one with it, once for each."""
        self._since = {lane: (self._from(lane, at_ns, held), held) for lane, held in queued.items() if held}
        oldest = min((Standing(lane, from_ns) for lane, (from_ns, _) in self._since.items()), key=_begin, default=None)
        before, self._stalled = self._stalled, bool(oldest and at_ns - oldest.from_ns >= self._after_ns)
        return oldest if self._stalled and not before else None

    def _from(self, lane: int, at_ns: int, held: int) -> int:
        from_ns, before = self._since.get(lane, (at_ns, 0))
        return from_ns if held >= before else at_ns


def _begin(standing: Standing) -> int:
    return standing.from_ns
