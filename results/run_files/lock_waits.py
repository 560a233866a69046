"""Waits for locks of a relay that is a program, as its threads were seen from outside: `locks/<cluster>.waits.json`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LockWait:
    """A thread waited for a lock while the thread that held it was blocked in a system call; threads by their names.

    `target`: what the call works on, such as the peer of a connection; empty if it is of no descriptor. `samples`: how
    often this was seen. `total_ns`, `longest_ns`: for how long, from the first to the last sample of a wait.
    """

    waiter: str
    holder: str
    call: str
    target: str
    samples: int
    total_ns: int
    longest_ns: int


@dataclass(frozen=True, slots=True)
class LockWaits:
    """All that was seen of a program. `samples`: how often its threads were looked at; `own_ns`: processor time that
    the looks at all programs took; `refused`: why nothing was seen."""

    waits: tuple[LockWait, ...]
    samples: int
    own_ns: int
    refused: str | None = None
