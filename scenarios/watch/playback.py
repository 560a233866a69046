"""Which time of a run is shown when: the present of one that goes on, or a replay, from any time, at any speed. Pure.

Times are CLOCK_MONOTONIC ns; those of a run may be another machine's.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isinf

from hostio.timing import S


class NothingThereError(ValueError):
    """The run has not come to the time from which it is to be shown; the message says how far it has."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`from_ns`: after the media start; None: what is usual. `speed`: how much faster than the run; inf: at once."""

    from_ns: int | None = None
    speed: float | None = None

    @property
    def follows(self) -> bool:
        """Nothing was asked for: of a run that goes on the present is shown."""
        return self.from_ns is None and self.speed is None


@dataclass(frozen=True, slots=True)
class Playback:
    """A replay that shows `first_ns` of the run at `begun_ns`."""

    first_ns: int
    begun_ns: int
    speed: float

    def position_ns(self, now_ns: int, until_ns: int) -> int:
        """What is shown at a time: nothing later than `until_ns`, to which the run has come."""
        if isinf(self.speed):
            return until_ns
        return min(until_ns, self.first_ns + round((now_ns - self.begun_ns) * self.speed))

    def wait_s(self, position_ns: int, next_ns: int) -> float:
        """How long it takes from one time of the run to another, s."""
        return 0.0 if isinf(self.speed) else max(0, next_ns - position_ns) / self.speed / S


def playback(asked: Asked, media_start_ns: int | None, earliest_ns: int, until_ns: int, now_ns: int) -> Playback:
    """The replay of a run that has come to `until_ns`. NothingThereError if that is before what was asked for."""
    speed = 1.0 if asked.speed is None else asked.speed
    if asked.from_ns is None:
        return Playback(earliest_ns if media_start_ns is None else media_start_ns, now_ns, speed)
    if media_start_ns is None:
        raise NothingThereError("media have not begun in this run; leave it out to see the set-up")
    first_ns = media_start_ns + asked.from_ns
    if first_ns > until_ns:
        come_s = (until_ns - media_start_ns) / S
        raise NothingThereError(f"the run has come to {come_s:.1f} s; give less")
    return Playback(first_ns, now_ns, speed)
