"""Base classes of the words of a scenario's events: time, repetition, ramp, and the link or process concerned.

Each word is a class, and the only place where the word is defined: its keys are fields, and its methods say what it
does to links or to a process, its levels over time, and which values are wrong. The type checker refuses a class that
leaves a method abstract in the lists of words (`words`), and python an instance of it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from hostio.timing import MS
from results.run_files.faults import Action, Fault, Kill, Level, LinkFault, Part, Process, ProcessFault, Stop
from results.run_files.validation import Field, Strict, checked
from scenarios.language.document import DataPath, Problem
from scenarios.language.frame_choice import FrameChoice, unsent
from scenarios.language.places import link_problems, unknown_cluster
from scenarios.language.quantities import time_text
from scenarios.language.readings import one_of
from scenarios.language.values import Count, Instant, Pair, ShortName, Span
from topologies.frame_match import FrameMatch, Traffic
from topologies.link_state import LinkChange
from topologies.model import Direction, Topology

RAMP_STEP_NS = 50 * MS
"""Least length of a step of a ramp, ns; a shorter ramp has a single step."""

LEAST_ABSENCE_NS = 100 * MS
"""Least time between the end of a process and the start of its successor, ns: ending takes some tens of ms."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an event's values are checked against. `smallest_packet`: size of the media's smallest packet, bytes; 0 if
    there are no media. `traffic`: what the scenario sends."""

    topology: Topology
    duration_ns: int
    smallest_packet: int
    traffic: tuple[Traffic, ...]


class EventBase(Strict):
    """What all events have: times and repetition."""

    if TYPE_CHECKING:
        # Not a field of this class: declared in each word, `what` follows the keys of its bases, and error messages
        # list keys in the order of fields.
        what: str
    at: Instant = Field(examples=["4s"])
    """When it begins, after the media start."""
    lasts: Span = Field(alias="for", examples=["2s"])
    """How long it lasts."""
    repeat: Count = 1
    """How often it happens in total."""
    every: Span | None = Field(default=None, examples=["10s"])
    """With repeat: from one start to the next."""

    def faults(self, topology: Topology) -> tuple[Fault, ...]:
        """The event's faults: one per repetition."""
        every_ns = self.every or 0
        return tuple(self.fault(topology, self.at + number * every_ns) for number in range(self.repeat))

    @abstractmethod
    def fault(self, topology: Topology, at_ns: int) -> Fault:
        """The fault that begins `at_ns` after the media start."""

    def levels(self, at_ns: int) -> tuple[Level, ...]:
        """Shares of the full strength over time, of a fault that begins at `at_ns`; empty: full strength throughout."""
        del at_ns
        return ()

    def problems(self, path: DataPath, around: Surroundings) -> Iterator[Problem]:
        """Problems of this event, apart from others. `path`: its place in the file."""
        end = f"the run ends at {time_text(around.duration_ns)}"
        if self.at >= around.duration_ns:
            yield Problem((*path, "at"), f"the event starts at {time_text(self.at)}, but {end}; start it earlier")
        elif self.at + self.lasts > around.duration_ns:
            right = f"write at most {time_text(around.duration_ns - self.at)}"
            text = f"the event lasts until {time_text(self.at + self.lasts)}, but {end}; {right}"
            yield Problem((*path, "for"), text)
        elif self.repeat > 1:
            yield from self._repeat_problems(path, around.duration_ns)

    def _repeat_problems(self, path: DataPath, duration_ns: int) -> Iterator[Problem]:
        if self.every is None:
            right = f"add every: {time_text(2 * self.lasts)}"
            yield Problem((*path, "repeat"), f"it is not said how often; {right}")
        elif self.every <= self.lasts:
            right = f"write over {time_text(self.lasts)}"
            yield Problem((*path, "every"), f"the next would begin before the last ends; {right}")
        elif self.at + (self.repeat - 1) * self.every + self.lasts > duration_ns:
            most = (duration_ns - self.at - self.lasts) // self.every + 1
            text = f"the last would end after the run does, at {time_text(duration_ns)}; write at most {most}"
            yield Problem((*path, "repeat"), text)


def words(*classes: type[EventBase]) -> tuple[type[EventBase], ...]:
    """The given classes. The type checker accepts only classes without abstract methods as arguments."""
    return classes


class Ramp(EventBase):
    """An event that can grow to its full strength and fade."""

    ramp: Instant = 0
    """It grows in even steps over its first time of this length, and fades over as much at its end."""

    def levels(self, at_ns: int) -> tuple[Level, ...]:
        """Equal steps up, the last of which is the full strength, and as many down, without the last, which is the end
        of the fault."""
        if not self.ramp:
            return ()
        count = max(1, self.ramp // RAMP_STEP_NS)
        steps = [(self.ramp * number // count, (number + 1) / count) for number in range(count)]
        fading_ns = at_ns + self.lasts - self.ramp
        up = (Level(at_ns + after_ns, share) for after_ns, share in steps)
        down = (Level(fading_ns + after_ns, 1 - share) for after_ns, share in steps[:-1])
        return (*up, *down)

    def problems(self, path: DataPath, around: Surroundings) -> Iterator[Problem]:
        """Also a ramp that is longer than half the event."""
        yield from super().problems(path, around)
        if 2 * self.ramp > self.lasts:
            right = f"write at most {time_text(self.lasts // 2)}"
            yield Problem((*path, "ramp"), f"no time to grow and to fade within {time_text(self.lasts)}; {right}")


class LinkEvent(EventBase):
    """An event on links."""

    def chosen(self) -> FrameMatch | None:
        """Which frames it strikes; None: all."""
        return None

    @abstractmethod
    def directions(self, topology: Topology) -> tuple[Direction, ...]:
        """The directions that it changes."""

    @abstractmethod
    def change(self) -> LinkChange:
        """What it changes in each of them, at full strength."""

    def fault(self, topology: Topology, at_ns: int) -> LinkFault:
        """The fault that begins `at_ns` after the media start."""
        directions, change, levels = self.directions(topology), self.change(), self.levels(at_ns)
        return LinkFault(self.what, at_ns, at_ns + self.lasts, directions, change, self.chosen(), levels=levels)


class ChoosingEvent(LinkEvent):
    """An event on links that may choose which frames it strikes."""

    match: FrameChoice | None = None
    """Which frames it strikes; all unless given."""

    def chosen(self) -> FrameMatch | None:
        """What `match` says."""
        return self.match.chosen() if self.match else None

    def problems(self, path: DataPath, around: Surroundings) -> Iterator[Problem]:
        """Also a match that is wrong in itself, or matches nothing that the scenario sends."""
        yield from super().problems(path, around)
        if self.match:
            wrong = list(self.match.problems((*path, "match")))
            yield from wrong
            if not wrong and (text := unsent(self.match.chosen(), around.traffic)):
                yield Problem((*path, "match"), text, at_key=True)


class OneLinkEvent(LinkEvent):
    """An event on one link, in both directions or one."""

    link: Pair = Field(examples=["[us-east, us-west]"])
    """The link, by the two clusters at its ends."""
    direction: Annotated[Literal["both", "forward", "backward"], checked(one_of("both", "forward", "backward"))] = (
        "both"
    )
    """Both directions or one; forward is from the first cluster named to the second."""

    def directions(self, topology: Topology) -> tuple[Direction, ...]:
        """The directions that `direction` selects."""
        del topology
        forward = Direction(*self.link)
        both = (forward, forward.reversed())
        return {"forward": both[:1], "backward": both[1:]}.get(self.direction, both)

    def problems(self, path: DataPath, around: Surroundings) -> Iterator[Problem]:
        """Also a link that the topology does not have."""
        yield from super().problems(path, around)
        yield from link_problems(self.link, (*path, "link"), around.topology)


class RampedEvent(Ramp, ChoosingEvent, OneLinkEvent):
    """An event on one link that can ramp."""


class Blackout(ChoosingEvent):
    """Every frame vanishes; no interface goes down."""

    def change(self) -> LinkChange:
        """A blackhole."""
        return LinkChange(blackhole=True)


class ProcessEvent(EventBase):
    """An event on a process."""

    @abstractmethod
    def process(self) -> Process:
        """The process."""

    @abstractmethod
    def action(self) -> Action:
        """What is done to it."""

    def struck(self) -> Part:
        """What of it is struck."""
        return "both"

    def fault(self, topology: Topology, at_ns: int) -> ProcessFault:
        """The fault that begins `at_ns` after the media start."""
        del topology
        until_ns, levels = at_ns + self.lasts, self.levels(at_ns)
        return ProcessFault(self.what, at_ns, until_ns, self.process(), self.action(), self.struck(), levels=levels)

    def problems(self, path: DataPath, around: Surroundings) -> Iterator[Problem]:
        """Also a process that would be replaced before it can have ended."""
        yield from super().problems(path, around)
        if isinstance(self.action(), Stop | Kill) and self.lasts < LEAST_ABSENCE_NS:
            right = f"write at least {time_text(LEAST_ABSENCE_NS)}"
            text = f"a process takes some tens of ms to end, and a new one comes after it; {right}"
            yield Problem((*path, "for"), text)


class RelayEvent(ProcessEvent):
    """An event on the relay of a cluster."""

    cluster: ShortName = Field(examples=["us-central"])
    """The cluster whose relay it happens to."""
    part: Annotated[Part, checked(one_of(*get_args(Part)))] = "both"
    """Of a relay that is a server behind an adapter: one of them, or both. Any other relay is struck as a whole."""

    def struck(self) -> Part:
        """The part."""
        return self.part

    def process(self) -> Process:
        """The cluster's relay."""
        return Process("relay", self.cluster)

    def problems(self, path: DataPath, around: Surroundings) -> Iterator[Problem]:
        """Also a cluster that the topology does not have."""
        yield from super().problems(path, around)
        yield from unknown_cluster(self.cluster, (*path, "cluster"), around.topology)
