"""What a plan does to the links and processes of a run, and when: a fault is one of a few types, told apart by them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar, Literal, TypeAlias

from topologies.link_state import LinkChange
from topologies.model import Direction, where


class Verification(Enum):
    """What shows that an edge of a fault was applied; the values are the words of docs/blips.md."""

    LINK_STATE = "link state"
    """The back end of the links has, or the kernel reads back, the state that was set."""
    SUCCESSION = "process gone, successor alive"
    """At the start the kernel knows the process no more; at the end its successor has answered, and is alive."""
    THREAD_STATES = "thread states"
    """/proc has every thread stopped, or none."""
    FILTER = "filter"
    """The packet filter that makes the cut is read back."""
    ANSWER = "its answer"
    """The process confirms the value that it was told."""


@dataclass(frozen=True, slots=True)
class Level:
    """From `at_ns` (after media start) on, a fault has this share of its strength."""

    at_ns: int
    share: float


@dataclass(frozen=True, slots=True)
class TimedFault:
    """From `at_ns` (after media start) to `until_ns`; `what` is the scenario's word for it.

    `levels` in between, where it ramps or flaps; before the first of them, and without any, it has its full strength.
    """

    what: str
    at_ns: int
    until_ns: int
    levels: tuple[Level, ...] = field(default=(), kw_only=True)

    def share_at(self, at_ns: int) -> float:
        """The share of its strength at a time after media start; 0 before it begins, and from its end on."""
        if not self.at_ns <= at_ns < self.until_ns:
            return 0.0
        return next((level.share for level in reversed(self.levels) if level.at_ns <= at_ns), 1.0)


@dataclass(frozen=True, slots=True)
class LinkFault(TimedFault):
    """`change` is made to these directions of links, all at one instant."""

    directions: tuple[Direction, ...]
    change: LinkChange
    verified_by: ClassVar[Verification] = Verification.LINK_STATE

    @property
    def where(self) -> str:
        """The directions as people say them."""
        return where(self.directions)


@dataclass(frozen=True, slots=True)
class Process:
    """A process that faults strike: the relay of a cluster, the session directory, or the controller."""

    kind: Literal["relay", "directory", "controller"]
    cluster: str = ""

    def __str__(self) -> str:
        return f"the relay of {self.cluster}" if self.kind == "relay" else f"the {self.kind}"


@dataclass(frozen=True, slots=True)
class Stop:
    """The process is told to end in order; at the end of the fault its successor serves."""

    kind: Literal["stop"] = "stop"
    verified_by: ClassVar[Verification] = Verification.SUCCESSION


@dataclass(frozen=True, slots=True)
class Kill:
    """The process gets SIGKILL; at the end of the fault its successor serves."""

    kind: Literal["kill"] = "kill"
    verified_by: ClassVar[Verification] = Verification.SUCCESSION


@dataclass(frozen=True, slots=True)
class Freeze:
    """The process gets SIGSTOP, and SIGCONT at the end of the fault."""

    kind: Literal["freeze"] = "freeze"
    verified_by: ClassVar[Verification] = Verification.THREAD_STATES


@dataclass(frozen=True, slots=True)
class Cut:
    """The connections of the process carry nothing, in either direction; none is closed."""

    kind: Literal["cut"] = "cut"
    verified_by: ClassVar[Verification] = Verification.FILTER


@dataclass(frozen=True, slots=True)
class Slow:
    """The process answers later by `extra_ns`, times the share of the fault's strength."""

    extra_ns: int
    kind: Literal["slow"] = "slow"
    verified_by: ClassVar[Verification] = Verification.ANSWER


Action: TypeAlias = Stop | Kill | Freeze | Cut | Slow
"""What is done to a process."""


@dataclass(frozen=True, slots=True)
class ProcessFault(TimedFault):
    """`action` is done to a process; no direction of a link is touched."""

    process: Process
    action: Action

    @property
    def where(self) -> str:
        """The cluster of a relay; empty where there is only one such process."""
        return self.process.cluster

    @property
    def verified_by(self) -> Verification:
        """What shows that an edge was applied."""
        return self.action.verified_by

    @property
    def ends_process(self) -> bool:
        """Whether the process does not outlive it, and so needs a successor."""
        return isinstance(self.action, Stop | Kill)


Fault: TypeAlias = LinkFault | ProcessFault
"""One blip of a scenario."""
