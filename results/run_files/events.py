"""What the runner did and when: the lines of `events.jsonl`, each told apart by `kind`. Times: CLOCK_MONOTONIC ns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Phase:
    """A step of set-up or tear-down was reached, e.g. `fabric up`, `relays ready`, `media stopped`."""

    name: str
    at_ns: int
    kind: Literal["phase"] = "phase"


@dataclass(frozen=True, slots=True)
class MediaStart:
    """The instant from which every scenario time counts; the first packet is due then."""

    at_ns: int
    kind: Literal["media-start"] = "media-start"


@dataclass(frozen=True, slots=True)
class FaultEdge:
    """Fault number `fault` of the plan began, ended, or took a level of its ramp or flap.

    Planned, applied on the first and on the last direction, read back.
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
    """The run is over. `media_end_ns`: no packet was due from then on. `failure` is what went wrong, if anything."""

    at_ns: int
    media_end_ns: int
    interrupted: bool
    failure: str | None = None
    kind: Literal["end"] = "end"
