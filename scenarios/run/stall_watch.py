"""Finds stalls of a program at the receive queues of its lanes, and in the frames to and from it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hostio.timing import S
from relay_app.locks.report import STALL_AFTER_NS

SILENT_AFTER_NS = 1 * S
"""How long frames come to a relay and none leaves it, before that is a stall, ns."""


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


class _Reading(NamedTuple):
    at_ns: int
    came_in: int
    went_out: int


class Silence(NamedTuple):
    """From `from_ns` until `until_ns`, at least, `frames` came to a relay from other hosts, and it sent none to any."""

    from_ns: int
    until_ns: int
    frames: int


class SilenceWatch:
    """Readings of the frames to and from one relay, and the silences in them. `after_ns`: how long one is before it is
    told. Between any two readings in it frames came."""

    def __init__(self, after_ns: int = SILENT_AFTER_NS) -> None:
        self._after_ns = after_ns
        self._last: _Reading | None = None
        self._first: _Reading | None = None

    def restart(self) -> None:
        """Forget all readings: the next one is the first."""
        self._last = self._first = None

    def add(self, at_ns: int, came_in: int, went_out: int) -> Silence | None:
        """Take in a reading of both counts; the silence that lasts by now, at each reading once it is long enough."""
        last, self._last = self._last, _Reading(at_ns, came_in, went_out)
        if last is None or went_out > last.went_out or came_in == last.came_in:
            self._first = None
            return None
        first = self._first = self._first or last
        silence = Silence(first.at_ns, at_ns, came_in - first.came_in)
        return silence if at_ns - first.at_ns >= self._after_ns else None


def _begin(standing: Standing) -> int:
    return standing.from_ns
