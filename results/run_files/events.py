"""The lines of `events.jsonl`: what the runner did, and when. `kind` says the type. Times: CLOCK_MONOTONIC, ns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Phase:
    """A step of set-up or tear-down was reached, e.g. `fabric up`, `relays ready`, `media stopped`."""

    name: str
    at_ns: int
    kind: Literal["phase"] = "phase"


Stage = Literal["set-up", "media", "collection"]
"""A part of a run that has an allowance of time of its own (docs/run-limits.md)."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A step of a stage begins. It ends where the next one begins, or media start."""

    stage: Stage
    step: str
    at_ns: int
    kind: Literal["begun"] = "begun"


@dataclass(frozen=True, slots=True)
class MediaStart:
    """The origin of every time of the scenario, and when the first packet was due."""

    at_ns: int
    kind: Literal["media-start"] = "media-start"


@dataclass(frozen=True, slots=True)
class ProgramStart:
    """A program that is the relay of a cluster, or the server behind it, was started with this command line."""

    cluster: str
    part: Literal["relay", "server"]
    command: tuple[str, ...]
    at_ns: int
    kind: Literal["program-start"] = "program-start"


@dataclass(frozen=True, slots=True)
class ProgramEnd:
    """A program that was the relay of a cluster did not end as it should have; `how`: such as `ended by itself`.

    `at_ns`: when it ended if `by_itself`; else when that was known.
    """

    cluster: str
    how: str
    at_ns: int
    by_itself: bool = False
    kind: Literal["program-end"] = "program-end"


@dataclass(frozen=True, slots=True)
class ProgramMessage:
    """A program that is the relay of a cluster sent this by sd_notify(3): an assignment, such as `STATUS=draining`.

    `left_out`: how many it sent before this one that are not recorded, because they came too fast.
    """

    cluster: str
    message: str
    at_ns: int
    left_out: int = 0
    kind: Literal["program-message"] = "program-message"


@dataclass(frozen=True, slots=True)
class WatchdogMissed:
    """A program that was the relay of a cluster sent no WATCHDOG=1 for `within_ns`, the time that its kind states."""

    cluster: str
    within_ns: int
    at_ns: int
    kind: Literal["watchdog-missed"] = "watchdog-missed"


@dataclass(frozen=True, slots=True)
class LogFull:
    """The log of a program that is the relay of a cluster has reached its limit, and takes no more."""

    cluster: str
    limit_bytes: int
    at_ns: int
    kind: Literal["log-full"] = "log-full"


@dataclass(frozen=True, slots=True)
class FaultEdge:
    """Fault number `fault` of the plan began, ended, or reached a level of its ramp or flap.

    `planned_ns`: due; `applied_first_ns`, `applied_last_ns`: applied to its first and to its last direction;
    `verified_ns`: read back, at or after the last was applied.
    """

    fault: int
    edge: Literal["start", "level", "end"]
    planned_ns: int
    applied_first_ns: int
    applied_last_ns: int
    verified_ns: int
    kind: Literal["fault"] = "fault"


@dataclass(frozen=True, slots=True)
class End:
    """End of the run. `media_end_ns`: no packet was due from then on.

    `failure`: the error that ended it, if any; `bug`: it is one of Blipnet itself; `cannot_start`: it is that a program
    which the user gave cannot be started.
    """

    at_ns: int
    media_end_ns: int
    interrupted: bool
    failure: str | None = None
    bug: bool = False
    cannot_start: bool = False
    kind: Literal["end"] = "end"
