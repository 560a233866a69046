"""Stalls of relays that are programs, as seen from outside: `locks/<cluster>.stalls.json`. CLOCK_MONOTONIC, ns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProgramStall:
    """From `from_ns` on, until `seen_ns` at least, a program made no progress: `lane` held packets of which none was
    taken, or `frames` came to it from other hosts until `until_ns` and none left it for any. What was not seen is None.

    `stacks`: the file with the stacks of its threads then, from the run directory on; `untold`: why there are none.
    Both are None if none were asked for.
    """

    lane: int | None
    from_ns: int
    seen_ns: int
    stacks: str | None = None
    untold: str | None = None
    frames: int | None = None
    until_ns: int | None = None


@dataclass(frozen=True, slots=True)
class ProgramStalls:
    """All stalls of a program while media flowed, in order."""

    stalls: tuple[ProgramStall, ...]
