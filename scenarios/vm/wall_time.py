"""How long a run takes on the virtual clock, in wall time. Pure; docs/virtual-time.md has the figures' origin."""

from __future__ import annotations

from hostio.timing import S
from scenarios.vm.machine import Clock

_OUTSIDE_MEDIA_S = 240.0
"""Boot, set-up and report: the same work whatever the scenario."""

_EMULATED_PER_S = 100e6
"""Instructions that the emulator executes in a second of wall time, on a machine that has other work, too."""


def virtual_wall_s(duration_ns: int, clock: Clock) -> float:
    """The wall time that a run of that duration takes on a virtual clock if its CPU is never idle, s; else less."""
    return _OUTSIDE_MEDIA_S + duration_ns / S * clock.instructions_per_s / _EMULATED_PER_S
