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
class ProgramEnd:
    """A program that was the relay of a cluster did not end as it should have; `how`: such as `ended by itself`."""

    cluster: str
    how: str
    at_ns: int
    kind: Literal["program-end"] = "program-end"


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

    `failure`: the error that ended it, if any; `bug`: it is one of Blipnet itself.
    """

    at_ns: int
    media_end_ns: int
    interrupted: bool
    failure: str | None = None
    bug: bool = False
    kind: Literal["end"] = "end"
