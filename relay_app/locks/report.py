"""The findings of a lock audit. Durations in ns, instants in CLOCK_MONOTONIC ns."""

from __future__ import annotations

from dataclasses import dataclass

from hostio.timing import S

PACKET_PATH = "packet path"
"""`what` of a Stall in which a relay forwarded nothing."""

STALL_AFTER_NS = 2 * S
"""How long an activity makes no progress before that is a Stall, ns."""


@dataclass(frozen=True, slots=True)
class Durations:
    """Many durations; the quantiles are known to 1 %, the others exact."""

    count: int
    p50_ns: int
    p99_ns: int
    max_ns: int
    total_ns: int


@dataclass(frozen=True, slots=True)
class LockRow:
    """A lock, over all its call sites. `most_waiters`: see SharedLock.longest_queue."""

    lock: str
    most_waiters: int
    wait: Durations
    hold: Durations


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A lock at one call site."""

    lock: str
    site: str
    wait: Durations
    hold: Durations


@dataclass(frozen=True, slots=True)
class HeldAcrossIo:
    """A lock was held while its thread waited for I/O. `stack`: of the first time, outermost call first."""

    lock: str
    site: str
    operation: str
    count: int
    max_ns: int
    total_ns: int
    stack: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inversion:
    """Two locks were taken in both orders. `sites`: where the second one was taken, for each order."""

    first: str
    second: str
    sites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stall:
    """A time without progress, up to the report if it goes on. The threads' stacks are in the stacks file."""

    at_ns: int
    lasted_ns: int
    what: str


@dataclass(frozen=True, slots=True)
class LockReport:
    """The whole audit. Locks and sites with the longest total wait come first."""

    locks: tuple[LockRow, ...] = ()
    sites: tuple[SiteRow, ...] = ()
    held_across_io: tuple[HeldAcrossIo, ...] = ()
    inversions: tuple[Inversion, ...] = ()
    stalls: tuple[Stall, ...] = ()
