"""The least and the largest one-way delay that a plan gives the links of a path, with faults as applied. Pure.

Nominal delays, jitter, reordering, queues of links with a rate, and faults on any of these; times in ns. What relays,
switches and the machine add is not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, reduce
from typing import NamedTuple

import numpy as np

from relay_app.streams import Stream
from results.metrics.matching import Ints, Packets
from results.metrics.paths import Way, by_way, relays_passed
from results.run_files.events import FaultEdge
from results.run_files.faults import LinkFault
from results.run_files.plan import Plan
from topologies.distributions import quantile
from topologies.link_state import Jitter, LinkChange, LinkState
from topologies.model import Direction

_EXTREME = 1e-9
"""Share of a distribution of jitter at which its quantile is its bound, to within 1e-8 of the jitter."""

_UNKNOWN = -1
"""In place of a sum of bounds, on a path that the topology does not have."""

NEVER_ENDS = int(np.iinfo(np.int64).max)
"""When a fault ended whose end was not recorded."""


class Transits(NamedTuple):
    """Of packets that arrived: index of the stream, path log, and from when until when each was under way; columns of
    equal length."""

    stream: Ints
    path: Ints
    sent_ns: Ints
    received_ns: Ints

    @classmethod
    def of(cls, packets: Packets, rows: Ints) -> Transits:
        """Those of some rows."""
        return cls(packets.stream[rows], packets.path[rows], packets.sent_ns[rows], packets.received_ns[rows])

    def chosen(self, places: Ints) -> Transits:
        """Some of them."""
        return Transits(*(column[places] for column in self))


class Bounds(NamedTuple):
    """Least and largest delay."""

    least_ns: int
    most_ns: int

    @property
    def varies(self) -> bool:
        """Whether two packets can have had different delays."""
        return self.most_ns > self.least_ns


_LASTING, _PASSING = 2, 1
"""Whether a change applied all the time while a packet was under way, or came or went meanwhile."""


@dataclass(frozen=True, slots=True)
class _TimedChange:
    """A change that some of the time from `first_ns` to `last_ns`, and all from `full_ns` to `fading_ns`, applied."""

    change: LinkChange
    first_ns: int
    full_ns: int
    fading_ns: int
    last_ns: int

    def phases(self, transits: Transits) -> Ints:
        """Whether it applied all the time while each packet was under way, came or went meanwhile, or neither."""
        overlaps = (self.first_ns <= transits.received_ns) & (transits.sent_ns <= self.last_ns)
        covers = (self.full_ns <= transits.sent_ns) & (transits.received_ns <= self.fading_ns)
        return np.where(covers, _LASTING, np.where(overlaps, _PASSING, 0))


Route = tuple[Direction, ...]

BoundsOfLink = Callable[[Direction, tuple[int, ...], tuple[int, ...]], Bounds]
"""Bounds of a link from the numbers of its changes: those that last all the time, and those that come or go."""


@dataclass(frozen=True, slots=True)
class DelayBounds:
    """Bounds of the delay by direction and time; `delay_bounds` makes them.

    `route`, by the ends of a stream and a path log, and `of_link` remember what they gave: a run has few routes and
    states, and may have a silence for every tenth packet.
    """

    changes: Mapping[Direction, Sequence[_TimedChange]]
    route: Callable[[str, str, int], Route]
    of_link: BoundsOfLink

    def variation_ns(self, streams: Sequence[Stream], earlier: Transits, later: Transits) -> Ints:
        """By how much the links can have made the time between each two packets of a stream longer than between sending
        them; 0 if one took a path that the topology does not have."""
        least_ns, most_ns = self._least_and_most(streams, earlier)[0], self._least_and_most(streams, later)[1]
        known = (least_ns != _UNKNOWN) & (most_ns != _UNKNOWN)
        found: Ints = np.where(known, np.maximum(0, most_ns - least_ns), 0)
        return found

    def longest_ns(self, streams: Sequence[Stream], transits: Transits) -> Ints:
        """The largest delay that the links can have given each packet; 0 on a path that does not exist."""
        most_ns = self._least_and_most(streams, transits)[1]
        found: Ints = np.where(most_ns == _UNKNOWN, 0, most_ns)
        return found

    def overtaking(self, way: Way) -> Iterator[tuple[int, int]]:
        """Spans of time, ns, in which a link on a way may let a packet arrive before one that was sent earlier; all
        time on a path that the topology does not have. In any other time links keep the order."""
        always = (-NEVER_ENDS, NEVER_ENDS)
        for direction in self.route(*way):
            if direction not in self.changes or self.of_link(direction, (), ()).varies:
                yield always
            for each in self.changes.get(direction, ()):
                change = each.change
                if change.jitter or change.reorder or change.extra_delay_ns or change.rate_bps or change.queue_ns:
                    yield each.first_ns, each.last_ns

    def _least_and_most(self, streams: Sequence[Stream], transits: Transits) -> Ints:
        """Bounds of all links on its path in sum, of each packet, [2, packets]; _UNKNOWN on one that does not exist."""
        total = np.full((2, len(transits.path)), _UNKNOWN, np.int64)
        for way, places in by_way(streams, transits.stream, transits.path):
            with suppress(KeyError):
                found = [self._of_link(direction, transits.chosen(places)) for direction in self.route(*way)]
                total[:, places] = np.sum(found, axis=0)
        return total

    def _of_link(self, direction: Direction, transits: Transits) -> Ints:
        """Bounds of a link at any time while each packet was under way, [2, packets]."""
        changes = self.changes[direction]
        if not changes:
            return np.repeat(np.array(self.of_link(direction, (), ()), np.int64)[:, None], len(transits.path), axis=1)
        phases = np.stack([each.phases(transits) for each in changes])
        together, which = np.unique(phases, axis=1, return_inverse=True)
        bounds = [self.of_link(direction, _numbers(each, _LASTING), _numbers(each, _PASSING)) for each in together.T]
        return np.array(bounds, np.int64).T[:, which.reshape(-1)]


def _numbers(phases: Ints, wanted: int) -> tuple[int, ...]:
    return tuple(np.flatnonzero(phases == wanted).tolist())


def delay_bounds(plan: Plan, edges: Mapping[tuple[int, str], FaultEdge]) -> DelayBounds:
    """The bounds of a plan's links; `edges`: by the fault's number and the kind of edge. A fault whose start was not
    recorded never applied, one whose end was not recorded did so until the end."""
    changes: dict[Direction, list[_TimedChange]] = {direction: [] for direction in plan.topology.directions}
    for number, fault in enumerate(plan.faults):
        start, end = (edges.get((number, edge)) for edge in ("start", "end"))
        if isinstance(fault, LinkFault) and start:
            for direction in fault.directions:
                changes[direction].append(_timed(fault, start, end))
    base = plan.topology.base_states
    chosen = {direction: [each.change for each in timed] for direction, timed in changes.items()}

    @cache
    def of_link(direction: Direction, lasting: tuple[int, ...], passing: tuple[int, ...]) -> Bounds:
        own = chosen[direction]
        return _bounds(base[direction], [own[number] for number in lasting], [own[number] for number in passing])

    @cache
    def route(source: str, destination: str, path: int) -> Route:
        via = relays_passed(path, plan.topology, (source, destination))
        return plan.topology.hops(source, *via, destination)

    return DelayBounds(changes, route, of_link)


def _bounds(base: LinkState, lasting: Sequence[LinkChange], passing: Sequence[LinkChange]) -> Bounds:
    """Bounds of a link: with each change that came or went meanwhile, and without it."""
    state = reduce(lambda under, change: change.applied_to(under), lasting, base)
    states = [state, *(change.applied_to(state) for change in passing)]
    low, high = _spread(each.jitter for each in states)
    shortest = state.delay_ns + sum(min(0, change.extra_delay_ns) for change in passing) + low
    longest = state.delay_ns + sum(max(0, change.extra_delay_ns) for change in passing) + high
    overtaken = any(each.reorder for each in states)
    queue_ns = max(each.queue_ns if each.rate_bps else 0 for each in states)
    return Bounds(0 if overtaken else max(0, shortest), max(0, longest) + queue_ns)


def _timed(fault: LinkFault, start: FaultEdge, end: FaultEdge | None) -> _TimedChange:
    fading_ns, last_ns = (end.applied_first_ns, end.applied_last_ns) if end else (NEVER_ENDS, NEVER_ENDS)
    full_ns = last_ns if fault.levels else start.applied_last_ns
    return _TimedChange(fault.change, start.applied_first_ns, full_ns, fading_ns, last_ns)


def _spread(jitters: Iterable[Jitter | None]) -> tuple[int, int]:
    """Least and largest deviation from the delay, ns; with several, of any of them."""
    found = [jitter for jitter in jitters if jitter]
    low = (quantile(jitter.distribution, _EXTREME) * jitter.spread_ns for jitter in found)
    high = (quantile(jitter.distribution, 1 - _EXTREME) * jitter.spread_ns for jitter in found)
    return round(min(low, default=0)), round(max(high, default=0))
