"""The faults of a plan: what is done to links and processes, when, and how it is verified."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar, Literal, TypeAlias

from topologies.frame_match import FrameMatch
from topologies.link_state import LinkChange
from topologies.model import Direction, where


class Verification(Enum):
    """How an edge of a fault is verified; the values are the words of docs/blips.md."""

    LINK_STATE = "link state"
    """The link back end holds, or the kernel returns, the state that was set."""
    SUCCESSION = "process gone, successor alive"
    """Start: the process no longer exists. End: its successor has answered and is alive."""
    THREAD_STATES = "thread states"
    """Start: /proc shows every thread stopped. End: none."""
    FILTER = "filter"
    """The packet filter that makes the cut is read back from the kernel."""
    FLOW_RULES = "flow rules"
    """Start: none of the rules that the switch had for direct paths is there. End: all of them are there again."""
    ANSWER = "its answer"
    """The process returns the value that was set."""


@dataclass(frozen=True, slots=True)
class Level:
    """From `at_ns` (ns after media start) on, the fault has `share` (0 to 1) of its full strength; with `change`, that
    of a link is changed so instead."""

    at_ns: int
    share: float
    change: LinkChange | None = None


@dataclass(frozen=True, slots=True)
class TimedFault:
    """A fault from `at_ns` to `until_ns` (ns after media start); `what` is the scenario's word for it.

    `levels`: steps of a ramp or flap, in order of time. Before the first, and without any, it has its full strength.
    """

    what: str
    at_ns: int
    until_ns: int
    levels: tuple[Level, ...] = field(default=(), kw_only=True)

    def share_at(self, at_ns: int) -> float:
        """Share of its strength at a time after media start, 0 to 1; 0 before its start and from its end on."""
        if not self.at_ns <= at_ns < self.until_ns:
            return 0.0
        level = self._level_at(at_ns)
        return level.share if level else 1.0

    def _level_at(self, at_ns: int) -> Level | None:
        """The last level that has begun by then."""
        begun = bisect_right(self.levels, at_ns, key=lambda level: level.at_ns)
        return self.levels[begun - 1] if begun else None


@dataclass(frozen=True, slots=True)
class LinkFault(TimedFault):
    """`change` is applied to these directions of links at one instant; if `match` is given, to the frames
    that match. Where levels have changes of their own, it has of each part the largest delay and loss and the lowest
    rate of any of them."""

    directions: tuple[Direction, ...]
    change: LinkChange
    match: FrameMatch | None = None
    verified_by: ClassVar[Verification] = Verification.LINK_STATE

    def change_at(self, at_ns: int) -> LinkChange | None:
        """What it changes at a time after media start; None: nothing."""
        share, level = self.share_at(at_ns), self._level_at(at_ns)
        if not share:
            return None
        if level and level.change:
            return level.change
        return self.change if share == 1 else self.change.scaled(share)

    @property
    def sets_rate(self) -> bool:
        """Whether it gives its directions a rate."""
        return self.change.rate_bps is not None

    @property
    def where(self) -> str:
        """The directions as one text, e.g. `a→b`."""
        return where(self.directions)


@dataclass(frozen=True, slots=True)
class Process:
    """What faults act on: the relay or the switch of a cluster, the session directory, the controller, or the process
    that runs all switches."""

    kind: Literal["relay", "directory", "controller", "switch", "switches"]
    cluster: str = ""

    def __str__(self) -> str:
        return f"the {self.kind} of {self.cluster}" if self.cluster else f"the {self.kind}"


Part = Literal["both", "server", "adapter"]
"""What is struck of a relay that is a server behind an adapter. Any other relay is struck as a whole."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The process is told to terminate cleanly; at the end of the fault its successor takes over.

    `successor`: the relay kind of that, if it is another one.
    """

    successor: str | None = None
    kind: Literal["stop"] = "stop"
    verified_by: ClassVar[Verification] = Verification.SUCCESSION


@dataclass(frozen=True, slots=True)
class Kill:
    """The process gets SIGKILL; at the end of the fault its successor takes over.

    `successor`: the relay kind of that, if it is another one.
    """

    successor: str | None = None
    kind: Literal["kill"] = "kill"
    verified_by: ClassVar[Verification] = Verification.SUCCESSION


@dataclass(frozen=True, slots=True)
class Freeze:
    """The process gets SIGSTOP, and SIGCONT at the end of the fault."""

    kind: Literal["freeze"] = "freeze"
    verified_by: ClassVar[Verification] = Verification.THREAD_STATES


@dataclass(frozen=True, slots=True)
class Cut:
    """The connections of the process carry nothing in either direction, and stay open."""

    kind: Literal["cut"] = "cut"
    verified_by: ClassVar[Verification] = Verification.FILTER


@dataclass(frozen=True, slots=True)
class Slow:
    """The process delays each answer, the controller each message either way, by `extra_ns` times the share of the
    fault's strength."""

    extra_ns: int
    kind: Literal["slow"] = "slow"
    verified_by: ClassVar[Verification] = Verification.ANSWER


@dataclass(frozen=True, slots=True)
class Forget:
    """A switch loses its flow rules; at the end of the fault it connects to the controller anew, which gives it others.

    `offline`: until then it has no connection.
    """

    offline: bool = False
    kind: Literal["forget"] = "forget"
    verified_by: ClassVar[Verification] = Verification.FLOW_RULES


Action: TypeAlias = Stop | Kill | Freeze | Cut | Slow | Forget
"""What is done to a process."""


@dataclass(frozen=True, slots=True)
class ProcessFault(TimedFault):
    """`action` is applied to a process; links stay as they are."""

    process: Process
    action: Action
    part: Part = "both"

    @property
    def where(self) -> str:
        """The cluster of a relay or switch; empty for processes of which a run has one."""
        return self.process.cluster

    @property
    def verified_by(self) -> Verification:
        """How an edge is verified."""
        return self.action.verified_by

    @property
    def ends_process(self) -> bool:
        """Whether the fault terminates the process, which then needs a successor."""
        return isinstance(self.action, Stop | Kill)

    def ends_relay_of(self, cluster: str) -> bool:
        """Whether it ends the relay of a cluster, and not only the server behind it."""
        return self.ends_process and self.process == Process("relay", cluster) and self.part != "server"

    @property
    def successor(self) -> str | None:
        """The relay kind of the next life of the process; None: as before, or there is none."""
        return self.action.successor if isinstance(self.action, Stop | Kill) else None


Fault: TypeAlias = LinkFault | ProcessFault
"""One blip of a scenario."""
