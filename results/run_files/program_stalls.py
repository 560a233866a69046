"""Stalls of a relay that is a program, as seen at the receive queues of its lanes: `locks/<cluster>.stalls.json`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProgramStall:
    """From `from_ns` on, CLOCK_MONOTONIC, a lane held packets of which none was taken, until `seen_ns` at least.

    `stacks`: the file with the stacks of its threads then, from the run directory on; `untold`: why there are none.
    Both are None if none were asked for.
    """

    lane: int
    from_ns: int
    seen_ns: int
    stacks: str | None = None
    untold: str | None = None


@dataclass(frozen=True, slots=True)
class ProgramStalls:
    """All stalls of a program while media flowed, in order."""

    stalls: tuple[ProgramStall, ...]
