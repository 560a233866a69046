"""The words of events on links, a class for each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Literal, TypeAlias

from hostio.timing import MS, S
from results.run_files.faults import Level
from results.run_files.validation import Field, checked
from scenarios.language.document import DataPath, Problem
from scenarios.language.event_base import Blackout, ChoosingEvent, OneLinkEvent, RampedEvent, Surroundings, words
from scenarios.language.fields import groups
from scenarios.language.frame_choice import unsent
from scenarios.language.loss_event import LossEvent
from scenarios.language.places import link_problems, unknown_cluster
from scenarios.language.quantities import time_text
from scenarios.language.readings import FRAME_SIZE, one_of, within
from scenarios.language.trace_event import TraceEvent
from scenarios.language.values import Delay, Jitter, Pair, Rate, Share, ShortName, SomeShare, Span
from scenarios.language.wording import quoted
from topologies import link_state
from topologies.frame_match import ETHERNET_BYTES, FrameMatch
from topologies.link_state import Distribution, LinkChange
from topologies.model import Direction, Topology

Groups: TypeAlias = Annotated[tuple[tuple[str, ...], ...], checked(groups)]
Spread: TypeAlias = Annotated[Distribution, checked(one_of("uniform", "normal", "pareto", "paretonormal"))]
Cause: TypeAlias = Annotated[Literal["path", "queue"], checked(one_of("path", "queue"))]

PacketSize: TypeAlias = Annotated[int, checked(within(FRAME_SIZE, "68B", "65521B"))]
"""From the least MTU that IPv4 allows (RFC 791 §3.2) on."""
Answer: TypeAlias = Annotated[Literal["none", "icmp"], checked(one_of("none", "icmp"))]


class Blackhole(Blackout, OneLinkEvent):
    """Every frame vanishes; no interface goes down."""

    what: Literal["blackhole"]


class OneWay(Blackout):
    """Every frame from the first cluster to the second vanishes; the other direction is not affected."""

    what: Literal["one-way"]
    link: Pair = Field(examples=["[us-east, us-west]"])
    """From the first cluster to the second."""

    def directions(self, topology: Topology) -> tuple[Direction, ...]:
        """From the first cluster named to the second."""
        del topology
        return (Direction(*self.link),)

    def problems(self, path: DataPath, around: Surroundings) -> Iterator[Problem]:
        """Also a link that is none."""
        yield from super().problems(path, around)
        yield from link_problems(self.link, (*path, "link"), around.topology)


class PortDown(OneLinkEvent):
    """The switch sees its port go down."""

    what: Literal["port-down"]

    def change(self) -> LinkChange:
        """The port goes down."""
        return LinkChange(up=False)


class Flap(OneLinkEvent):
    """A port goes down for the share `duty` of each `period`, again and again."""

    what: Literal["flap"]
    period: Span = Field(examples=["500ms"])
    """From one port-down to the next."""
    duty: Share = 0.5
    """The share of the period for which the port is down."""

    def change(self) -> LinkChange:
        """The port goes down."""
        return LinkChange(up=False)

    def levels(self, at_ns: int) -> tuple[Level, ...]:
        """In each period, first down, then up."""
        starts = range(at_ns, at_ns + self.lasts, self.period)
        down_ns = round(self.period * self.duty)
        edges = chain.from_iterable((Level(start, 1.0), Level(start + down_ns, 0.0)) for start in starts)
        return tuple(edge for edge in edges if edge.at_ns < at_ns + self.lasts)

    def problems(self, path: DataPath, around: Surroundings) -> Iterator[Problem]:
        """Also a period longer than the event, and a port that is down for none or all of the period."""
        yield from super().problems(path, around)
        if self.period > self.lasts:
            yield Problem((*path, "period"), f"longer than the event; write at most {time_text(self.lasts)}")
        if not 0 < self.duty < 1:
            text = "a port that flaps is down for a part of each period; write from 1% to 99%"
            yield Problem((*path, "duty"), text)


class Latency(RampedEvent):
    """Packets take `extra` longer, and, if given, their jitter becomes `jitter`.

    `by: path`: the path is longer, and packets sent once it is shorter again overtake those under way. `by: queue`:
    they wait in a queue, from which they leave in the order in which they came, also when it drains.
    """

    what: Literal["latency"]
    extra: Delay = Field(examples=["40ms"])
    """How much longer the path gets."""
    jitter: Jitter | None = None
    """How far the delay of a packet may be off, either way; the link's own unless given."""
    distribution: Spread = "uniform"
    """The distribution of the jitter."""
    correlation: Share = 0.0
    """Of a packet's jitter with the one before."""
    by: Cause = "path"
    """A longer path, on which packets overtake one another when their delays differ, or a queue, in which none does."""

    def change(self) -> LinkChange:
        """A longer delay and, if given, another jitter."""
        spread_ns = self.jitter
        jitter = None if spread_ns is None else link_state.Jitter(spread_ns, self.distribution, self.correlation)
        return LinkChange(extra_delay_ns=self.extra, jitter=jitter, in_order=True if self.by == "queue" else None)

    def problems(self, path: DataPath, around: Surroundings) -> Iterator[Problem]:
        """Also keys of the jitter without a jitter."""
        yield from super().problems(path, around)
        more = {"distribution", "correlation"} & self.model_fields_set
        if self.jitter is None and more:
            key = min(more)
            yield Problem((*path, key), f"{quoted(key)} of what jitter? add jitter: 5ms", at_key=True)


class PathChange(ChoosingEvent, OneLinkEvent):
    """Traffic takes a longer way from one instant to the next, as after a fibre cut; back on the shorter one, packets
    overtake those under way."""

    what: Literal["path-change"]
    extra: Delay = Field(examples=["40ms"])
    """How much longer the path gets."""

    def change(self) -> LinkChange:
        """A longer delay."""
        return LinkChange(extra_delay_ns=self.extra)


class Brownout(ChoosingEvent, OneLinkEvent):
    """The link still works, at `rate`, behind a queue that holds `queue` of traffic."""

    what: Literal["brownout"]
    rate: Rate = Field(examples=["2mbit"])
    """What the link still carries."""
    queue: Delay = 100 * MS
    """How much traffic, as time at that rate, waits before it is dropped."""

    def change(self) -> LinkChange:
        """A rate, and the length of its queue."""
        return LinkChange(rate_bps=self.rate, queue_ns=self.queue)

    def problems(self, path: DataPath, around: Surroundings) -> Iterator[Problem]:
        """Also a rate at which the media's smallest packet takes longer than the queue holds: it would carry none."""
        yield from super().problems(path, around)
        size = around.smallest_packet
        takes_ns = size * 8 * S // self.rate
        if takes_ns > self.queue:
            text = f"a packet of {size} bytes takes {time_text(takes_ns // MS * MS)} at this rate, and the queue holds"
            yield Problem((*path, "rate"), f"{text} {time_text(self.queue)}; write a higher rate or a longer queue")


class Mtu(OneLinkEvent):
    """The link takes no IP packet larger than `size`: a larger one vanishes (RFC 2923, "black hole"), or is answered by
    ICMP "fragmentation needed" with this MTU, as a router does (RFC 792, RFC 1191)."""

    what: Literal["mtu"]
    size: PacketSize = Field(examples=["1100B"])
    """Bytes of the largest IP packet that the link takes."""
    answer: Answer = "none"
    """None, or ICMP to the sender of a packet that must not be fragmented; others vanish either way."""

    def change(self) -> LinkChange:
        """A blackhole, which answers if it is to."""
        return LinkChange(blackhole=True, answer_mtu=self.size if self.answer == "icmp" else None)

    def chosen(self) -> FrameMatch:
        """Frames with larger packets."""
        return FrameMatch(larger_than=self.size + ETHERNET_BYTES)

    def problems(self, path: DataPath, around: Surroundings) -> Iterator[Problem]:
        """Also a size that nothing exceeds."""
        yield from super().problems(path, around)
        if text := unsent(self.chosen(), around.traffic):
            yield Problem((*path, "size"), text)


class Partial(RampedEvent):
    """A share of the flows vanishes, by a hash of addresses, protocol and ports; the others are not affected."""

    what: Literal["partial"]
    flows: SomeShare = Field(examples=["25%"])
    """The share of the flows."""

    def change(self) -> LinkChange:
        """A share of the flows vanishes."""
        return LinkChange(flows=self.flows)


class Duplicate(RampedEvent):
    """A share of the frames arrives twice."""

    what: Literal["duplicate"]
    share: SomeShare = Field(examples=["1%"])
    """The share of the frames that arrive twice."""

    def change(self) -> LinkChange:
        """A share of the frames is duplicated."""
        return LinkChange(duplicate=self.share)


class Corrupt(RampedEvent):
    """A share of the frames arrives with one bit flipped."""

    what: Literal["corrupt"]
    share: SomeShare = Field(examples=["1%"])
    """The share of the frames that arrive with one bit flipped."""

    def change(self) -> LinkChange:
        """A share of the frames is corrupted."""
        return LinkChange(corrupt=self.share)


class Reorder(RampedEvent):
    """A share of the frames is not delayed by the link, and overtakes the others."""

    what: Literal["reorder"]
    share: SomeShare = Field(examples=["1%"])
    """The share of the frames that arrive ahead of others."""

    def change(self) -> LinkChange:
        """A share of the frames is reordered."""
        return LinkChange(reorder=self.share)


class Isolate(Blackout):
    """Every link of a cluster is a blackhole."""

    what: Literal["isolate"]
    cluster: ShortName = Field(examples=["us-east"])
    """The cluster."""

    def directions(self, topology: Topology) -> tuple[Direction, ...]:
        """All directions from the cluster and to it."""
        return tuple(each for each in topology.directions if self.cluster in each)

    def problems(self, path: DataPath, around: Surroundings) -> Iterator[Problem]:
        """Also a cluster that is none."""
        yield from super().problems(path, around)
        yield from unknown_cluster(self.cluster, (*path, "cluster"), around.topology)


class Partition(Blackout):
    """Every link between clusters of different groups is a blackhole; clusters in no group are not affected."""

    what: Literal["partition"]
    groups: Groups = Field(examples=["[[us-east], [us-central, us-west]]"])
    """The groups of clusters between which nothing arrives."""

    def directions(self, topology: Topology) -> tuple[Direction, ...]:
        """All directions from a cluster of one group to one of another."""
        group_of = {cluster: number for number, group in enumerate(self.groups) for cluster in group}
        named = (each for each in topology.directions if set(each) <= group_of.keys())
        return tuple(each for each in named if group_of[each.source] != group_of[each.destination])

    def problems(self, path: DataPath, around: Surroundings) -> Iterator[Problem]:
        """Also clusters that the topology does not have, or that are named twice."""
        yield from super().problems(path, around)
        seen: set[str] = set()
        for group, names in enumerate(self.groups):
            for index, name in enumerate(names):
                place = (*path, "groups", group, index)
                yield from unknown_cluster(name, place, around.topology)
                if name in seen:
                    yield Problem(place, f"{quoted(name)} twice; a cluster is in one group at most")
                seen.add(name)


LINK_EVENTS = words(
    Blackhole,
    OneWay,
    PortDown,
    Flap,
    LossEvent,
    Latency,
    PathChange,
    Brownout,
    TraceEvent,
    Mtu,
    Partial,
    Duplicate,
    Corrupt,
    Reorder,
    Isolate,
    Partition,
)
