"""The least and the largest one-way delay that a plan gives the links of a path, with faults as applied. Pure.

Nominal delays, jitter, reordering, queues of links with a rate, and faults on any of these; times in ns. What relays,
switches and the machine add is not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from typing import NamedTuple

import numpy as np

from relay_app.streams import Stream
from results.metrics.paths import relays_passed
from results.run_files.events import FaultEdge
from results.run_files.faults import LinkFault
from results.run_files.plan import Plan
from topologies.distributions import quantile
from topologies.link_state import Jitter, LinkChange, LinkState
from topologies.model import Direction

_EXTREME = 1e-9
"""Share of a distribution of jitter at which its quantile is its bound, to within 1e-8 of the jitter."""

NEVER_ENDS = int(np.iinfo(np.int64).max)
"""When a fault ended whose end was not recorded."""


class Transit(NamedTuple):
    """A packet's path log, and from when until when it was under way."""

    path: int
    sent_ns: int
    received_ns: int


class Bounds(NamedTuple):
    """Least and largest delay."""

    least_ns: int
    most_ns: int

    @property
    def varies(self) -> bool:
        """Whether two packets can have had different delays."""
        return self.most_ns > self.least_ns


@dataclass(frozen=True, slots=True)
class _TimedChange:
    """A change that some of the time from `first_ns` to `last_ns`, and all from `full_ns` to `fading_ns`, applied."""

    change: LinkChange
    first_ns: int
    full_ns: int
    fading_ns: int
    last_ns: int

    def overlaps(self, start_ns: int, end_ns: int) -> bool:
        return self.first_ns <= end_ns and start_ns <= self.last_ns

    def covers(self, start_ns: int, end_ns: int) -> bool:
        return self.full_ns <= start_ns and end_ns <= self.fading_ns


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

    def variation_ns(self, stream: Stream, earlier: Transit, later: Transit) -> int:
        """By how much the links can have made the time between two packets of a stream longer than between sending
        them; 0 if one took a path that the topology does not have."""
        try:
            least = sum(bounds.least_ns for bounds in self._along(stream, earlier))
            most = sum(bounds.most_ns for bounds in self._along(stream, later))
        except KeyError:
            return 0
        return max(0, most - least)

    def longest_ns(self, stream: Stream, transit: Transit) -> int:
        """The largest delay that the links can have given a packet of a stream; 0 on a path that does not exist."""
        try:
            return sum(bounds.most_ns for bounds in self._along(stream, transit))
        except KeyError:
            return 0

    def overtaking(self, source: str, destination: str, path: int) -> Iterator[tuple[int, int]]:
        """Spans of time, ns, in which a link on a path may let a packet arrive before one that was sent earlier; all
        time on a path that the topology does not have. In any other time links keep the order."""
        always = (-NEVER_ENDS, NEVER_ENDS)
        for direction in self.route(source, destination, path):
            if direction not in self.changes or self.of_link(direction, (), ()).varies:
                yield always
            for each in self.changes.get(direction, ()):
                change = each.change
                if change.jitter or change.reorder or change.extra_delay_ns or change.rate_bps or change.queue_ns:
                    yield each.first_ns, each.last_ns

    def _along(self, stream: Stream, transit: Transit) -> Iterator[Bounds]:
        """Bounds of each link at any time while a packet was under way."""
        for direction in self.route(stream.source, stream.destination, transit.path):
            lasting, passing = [], []
            for number, each in enumerate(self.changes[direction]):
                if each.covers(transit.sent_ns, transit.received_ns):
                    lasting.append(number)
                elif each.overlaps(transit.sent_ns, transit.received_ns):
                    passing.append(number)
            yield self.of_link(direction, tuple(lasting), tuple(passing))


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
