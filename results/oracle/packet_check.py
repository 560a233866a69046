"""Path logs against the model: packets that went a way which was not right. Pure; times are CLOCK_MONOTONIC ns.

A packet may have left any cluster on its way, relays that kept it included, at any time from when it was sent until it
was received: of each cluster every path counts that was right at some time in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from relay_app.rtp import PATH_HOPS
from results.metrics.analysis import Analysis
from results.metrics.matching import NEVER, Ints
from results.metrics.nearly_ordered import distinct
from results.metrics.paths import path_ordinals, tells_route
from results.oracle.mesh import Mesh, Relays
from results.oracle.windows import ALWAYS_NS, Window
from results.run_files.plan import Plan
from topologies.model import Direction

Windows = Callable[[Direction, int], Sequence[Window]]
"""The paths that are right for a pair's lane, and when."""


@dataclass(frozen=True, slots=True)
class Misroute:
    """Packets of a lane that went over `taken`; when the first was sent and the last received. `right`: the ways that
    the first might have gone."""

    ends: Direction
    lane: int
    right: tuple[Relays, ...]
    taken: Relays
    from_ns: int
    until_ns: int
    packets: int


@dataclass(frozen=True, slots=True)
class PacketCheck:
    """`compared`: packets whose path log was looked at."""

    compared: int = 0
    misroutes: tuple[Misroute, ...] = field(default=())


def check_packets(plan: Plan, analysis: Analysis, mesh: Mesh, windows: Windows) -> PacketCheck:
    """All packets that were received, of streams whose packets tell their way."""
    compared = 0
    found: list[Misroute] = []
    packets = analysis.matched.packets
    for (ends, lane), rows in _rows_by_lane(plan, analysis).items():
        rows = rows[packets.received_ns[rows] != NEVER]
        compared += len(rows)
        found += _misroutes(
            plan,
            mesh,
            windows,
            ends,
            lane,
            *(each[rows] for each in (packets.sent_ns, packets.received_ns, packets.path)),
        )
    return PacketCheck(compared, tuple(sorted(found, key=lambda each: each.from_ns)))


def _rows_by_lane(plan: Plan, analysis: Analysis) -> Mapping[tuple[Direction, int], Ints]:
    packets = analysis.matched.packets
    found: dict[tuple[Direction, int], list[Ints]] = defaultdict(list)
    for index, stream in enumerate(analysis.matched.streams):
        if stream.relayed and tells_route(plan, stream):
            rows = np.arange(*np.searchsorted(packets.stream, [index, index + 1]))
            found[Direction(stream.source, stream.destination), stream.lane].append(rows)
    return {key: np.concatenate(each) for key, each in found.items()}


def _misroutes(
    plan: Plan, mesh: Mesh, windows: Windows, ends: Direction, lane: int, sent_ns: Ints, received_ns: Ints, path: Ints
) -> Iterator[Misroute]:
    towards = _Towards(mesh, windows, ends, lane)
    edges = np.array(towards.edges, np.int64)
    first_and_last = np.searchsorted(edges, sent_ns, "right") << 32 | np.searchsorted(edges, received_ns, "right")
    spans, span = distinct(first_and_last)
    unique, which = distinct(path << 31 | span)
    wrong: dict[Relays, list[int]] = defaultdict(list)
    right: dict[Relays, tuple[Relays, ...]] = {}
    for number, key in enumerate(unique.tolist()):
        taken = _between(plan, key >> 31, ends)
        ways = towards.ways(*divmod(int(spans[key & 0x7FFFFFFF]), 1 << 32))
        if taken not in ways:
            wrong[taken].append(number)
            right.setdefault(taken, tuple(sorted(ways)))
    for taken, numbers in wrong.items():
        rows = np.isin(which, numbers)
        yield Misroute(
            ends, lane, right[taken], taken, int(sent_ns[rows].min()), int(received_ns[rows].max()), int(rows.sum())
        )


def _between(plan: Plan, log: int, ends: Direction) -> Relays:
    """The relays in a path log but for those of the ends, where these stand at its ends."""
    names = {cluster.ordinal: cluster.name for cluster in plan.topology.clusters}
    passed = [names.get(each, "") for each in path_ordinals(log)]
    if passed[:1] == [ends.source]:
        passed = passed[1:]
    if passed[-1:] == [ends.destination]:
        passed = passed[:-1]
    return tuple(passed)


class _Towards:
    """Where clusters send a lane for one destination, by time."""

    def __init__(self, mesh: Mesh, windows: Windows, ends: Direction, lane: int) -> None:
        self._ends = ends
        self._windows: dict[str, list[tuple[str, Window]]] = {}
        pairs = {*mesh.pairs}
        for cluster in mesh.clusters:
            out = Direction(cluster, ends.destination)
            if out in pairs:
                self._windows[cluster] = [(_first(each.relays, out), each) for each in windows(out, lane)]
            elif out.reversed() in pairs:
                of_pair = windows(out.reversed(), lane)
                self._windows[cluster] = [(_first(each.relays[::-1], out), each) for each in of_pair]
        every = (
            edge for each in self._windows.values() for _, window in each for edge in (window.from_ns, window.until_ns)
        )
        self.edges = sorted({edge for edge in every if abs(edge) != ALWAYS_NS})
        self._found: dict[tuple[int, int], frozenset[Relays]] = {}

    def ways(self, first: int, last: int) -> frozenset[Relays]:
        """The ways that a packet may go that is under way in the intervals between edges from `first` to `last`."""
        if (first, last) not in self._found:
            bounds = [-ALWAYS_NS, *self.edges, ALWAYS_NS]
            from_ns, until_ns = bounds[first] + 1, bounds[last + 1] - 1
            self._found[first, last] = frozenset(self._ways((self._ends.source,), from_ns, until_ns))
        return self._found[first, last]

    def _ways(self, passed: Relays, from_ns: int, until_ns: int) -> Iterator[Relays]:
        """No packet comes to a relay twice, nor over more relays than the path log has places for: it is dropped."""
        nexts = {to for to, window in self._windows.get(passed[-1], ()) if window.meets(from_ns, until_ns)}
        for to in nexts - {*passed}:
            if to == self._ends.destination:
                yield passed[1:]
            elif len(passed) < PATH_HOPS - 1:
                yield from self._ways((*passed, to), from_ns, until_ns)


def _first(relays: Relays, out: Direction) -> str:
    return relays[0] if relays else out.destination
