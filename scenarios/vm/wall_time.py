"""How long a run takes on the virtual clock, in wall time. Pure."""

from __future__ import annotations

from hostio.timing import S

_SET_UP_S = 120.0
_PER_SECOND = 10.0


def virtual_wall_s(duration_ns: int) -> float:
    """The wall time that a run of that duration is expected to take on the virtual clock, s."""
    return _SET_UP_S + _PER_SECOND * duration_ns / S
