"""Which lanes of which pairs should change path now: the oracle's own reading of docs/policies.md. Pure; times are ns.

A lane group is lanes that a policy moves alike. Within a group, pairs are looked at one after another, each as if what
was decided before it were done. Where the plan and the log do not say which of several paths a policy prefers (by load,
by what relays have in their caches), each of them is right, and the one is predicted that the controller took.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from controller.settings import ControllerSettings, PolicyName
from hostio.timing import MS
from relay_app.ports import LANES
from results.oracle.knowledge import Knowledge
from results.oracle.mesh import Mesh, Relays, Routes
from topologies.model import Direction

SLACK_NS = 100 * MS
"""So late the controller may be with what is due at a time, and say nothing of it: beyond, it logs that it was held up.
A tick is 10 ms."""

MODELLED: frozenset[PolicyName] = frozenset(("failover", "direct-only", "spread", "paced", "headroom", "warm-first"))
"""The policies whose moves the oracle predicts."""

_BY_LOAD = frozenset(("paced", "spread", "headroom", "warm-first"))
"""Policies that choose, of paths of equal delay, the one with the least load."""

Lanes = tuple[int, ...]


def is_modelled(settings: ControllerSettings) -> bool:
    """Whether the oracle predicts what a controller with these settings does: it knows neither damping nor a limit of
    reroutes."""
    return settings.policy.name in MODELLED and not settings.damping and settings.max_reroutes is None


class Taken(Protocol):
    """What was really done, where the model leaves a choice."""

    def __call__(self, pair: Direction, lane: int, now_ns: int) -> Relays | None:
        """The path that the controller gave a lane at about this time; None: it moved it nowhere."""


@dataclass(frozen=True, slots=True)
class Change:
    """Lanes of a pair, all of one group, are to take a path from `at_ns` on."""

    at_ns: int
    pair: Direction
    relays: Relays
    lanes: Lanes


def lane_groups(settings: ControllerSettings) -> tuple[Lanes, ...]:
    """Lanes that go alike: all; with `spread` every k-th, with `headroom` each by itself."""
    count = {"spread": settings.policy.relays, "headroom": LANES}.get(settings.policy.name, 1)
    return tuple(tuple(range(first, LANES, count)) for first in range(count))


@dataclass(frozen=True, slots=True)
class Model:
    """The rules, with what they need of a run that does not change."""

    mesh: Mesh
    settings: ControllerSettings
    taken: Taken

    def changes(self, known: Knowledge, routes: Sequence[Routes], now_ns: int) -> list[Change]:
        """What should change now. `routes`: of each lane group."""
        if self.settings.policy.name == "direct-only":
            return [each for group, own in self._groups(routes) for each in self._all_back(group, own, now_ns)]
        if not known.whole:
            return []
        found: list[Change] = []
        present = [dict(each) for each in routes]
        for number, (group, own) in enumerate(self._groups(present)):
            look = _Look(self, known, own, group, now_ns, present)
            present[number] = look.routes
            found += look.decide()
        return found

    def timers_ns(self, known: Knowledge, routes: Sequence[Routes]) -> Iterator[int]:
        """When something may change with no further news."""
        if not known.whole:
            return
        yield from known.ends_of_hold_down_ns()
        yield from (at_ns + self.settings.link_detection_ns for at_ns in known.clean_times_ns())
        for pair in {pair for own in routes for pair in own}:
            if pair in self.mesh.clean_pairs(known.clean):
                yield known.clean_since_ns(self.mesh.both_ways(pair)) + self.settings.hold_ns

    def nearest(self, known: Knowledge, routes: Routes, pair: Direction, now_ns: int) -> Relays | None:
        """The relay that a pair would get if its direct path alone went down as well; None if there is none."""
        others = {each: relays for each, relays in routes.items() if each != pair}
        clean = known.clean.difference(self.mesh.both_ways(pair))
        for relays in self.mesh.relay_paths(others, pair, 1, clean):
            links = self.mesh.links((pair.source, *relays, pair.destination))
            if known.held(links, relays, now_ns, 0) == "free":
                return relays
        return None

    def _groups(self, routes: Sequence[Routes]) -> list[tuple[Lanes, Routes]]:
        return list(zip(lane_groups(self.settings), routes, strict=True))

    def _all_back(self, group: Lanes, routes: Routes, now_ns: int) -> Iterator[Change]:
        return (Change(now_ns, pair, (), group) for pair in routes)


class _Look:
    """One look at all pairs, for the lanes of one group."""

    def __init__(
        self,
        model: Model,
        known: Knowledge,
        routes: Routes,
        group: Lanes,
        now_ns: int,
        everywhere: Sequence[Mapping[Direction, Relays]],
    ) -> None:
        self._mesh, self._settings, self._taken = model.mesh, model.settings, model.taken
        self._known, self._now_ns, self._group, self._everywhere = known, now_ns, group, everywhere
        self.routes: dict[Direction, Relays] = dict(routes)
        self._changed: list[Change] = []

    def decide(self) -> list[Change]:
        """The changes, in order; `routes` has them afterwards."""
        concerned = [pair for pair in self._mesh.pairs if pair in self.routes or not self._is_clean(pair)]
        for pair in [each for each in concerned if each in self.routes and self._has_waited(each)]:
            self._change(pair, ())
        waiting = concerned
        for count in range(1, self._settings.most_relays + 1):
            waiting = [pair for pair in waiting if not self._served(pair, count)]
        return self._changed

    def _change(self, pair: Direction, relays: Relays) -> None:
        self._changed.append(Change(self._now_ns, pair, relays, self._group))
        self.routes.pop(pair, None)
        if relays:
            self.routes[pair] = relays

    def _is_clean(self, pair: Direction) -> bool:
        return pair in self._mesh.clean_pairs(self._known.clean)

    def _has_waited(self, pair: Direction) -> bool:
        if not self._is_clean(pair):
            return False
        since_ns = self._known.clean_since_ns(self._mesh.both_ways(pair))
        return self._now_ns - since_ns >= self._settings.hold_ns

    def _served(self, pair: Direction, count: int) -> bool:
        """Give a pair a path of so many relays if it needs one; False if it stays on one that is not good."""
        present = self.routes.get(pair, ())
        if present and self._mesh.is_way(self.routes, pair, present, self._known.clean):
            if not self._known.bad_relay(self._links(pair, present), present):
                return True
            return self._leave(pair, count)
        if not present and self._is_clean(pair):
            return True
        if not self._settings.reroute:
            return False
        if (found := self._detour(pair, count)) is not None:
            self._change(pair, found)
            return True
        if self._is_clean(pair) or (present and self._is_in_vain(pair)):
            self._change(pair, ())
            return True
        return False

    def _is_in_vain(self, pair: Direction) -> bool:
        """Whether an end is isolated, and the direct path was found silent as one of its links, shortly before."""
        isolated_ns = next(filter(None, map(self._known.isolated_since_ns, pair)), None)
        fault_ns = self._known.fault_since_ns(self._mesh.both_ways(pair))
        return isolated_ns is not None and isolated_ns - fault_ns <= self._settings.link_detection_ns

    def _leave(self, pair: Direction, count: int) -> bool:
        """Away from a relay that is found unhealthy: to the direct path, another relay, or what carries anything."""
        found = () if self._is_clean(pair) else self._detour(pair, count)
        if found is None and self._known.up(self._mesh.both_ways(pair)):
            found = ()
        if found is None:
            return False
        self._change(pair, found)
        return True

    def _detour(self, pair: Direction, count: int) -> Relays | None:
        clean = self._known.clean
        if self._known.up(self._mesh.both_ways(pair)):
            clean -= self._known.clean_since(self._now_ns - self._settings.link_detection_ns)
        right, may_stay = self._right(pair, self._mesh.relay_paths(self.routes, pair, count, clean))
        if len(right) > 1 or (right and may_stay):
            taken = self._taken(pair, self._group[0], self._now_ns)
            if taken in right:
                return taken
            return None if may_stay else right[0]
        return right[0] if right else None

    def _right(self, pair: Direction, nearest_first: Sequence[Relays]) -> tuple[list[Relays], bool]:
        """The detours that are right to take, and whether none is right as well."""
        free: list[Relays] = []
        doubtful: list[Relays] = []
        for relays in nearest_first:
            held = self._known.held(self._links(pair, relays), relays, self._now_ns, SLACK_NS)
            if held != "held":
                (free if held == "free" else doubtful).append(relays)
        best, may_stay = self._best(pair, free)
        slower = pair not in self.routes and self._known.only_late(self._mesh.both_ways(pair))
        return [*best, *doubtful], may_stay or slower or not free

    def _best(self, pair: Direction, free: list[Relays]) -> tuple[list[Relays], bool]:
        name = self._settings.policy.name
        if name in ("headroom", "warm-first"):
            return free, name == "headroom"
        if name == "spread":
            return self._least_taken(pair, free), False
        if name in _BY_LOAD and free:
            least_ns = self._mesh.length_ns(pair, free[0])
            return [each for each in free if self._mesh.length_ns(pair, each) == least_ns], False
        return free[:1], False

    def _least_taken(self, pair: Direction, free: list[Relays]) -> list[Relays]:
        """Of the k nearest that with the fewest of the pair's lanes; all that may be it, where delays are equal."""
        lengths = [self._mesh.length_ns(pair, each) for each in free]
        nearest = self._settings.policy.relays
        if len(set(lengths)) < len(lengths):
            last_ns = lengths[min(nearest, len(lengths)) - 1]
            return [each for each, length in zip(free, lengths, strict=True) if length <= last_ns]
        lanes = Counter[str]()
        for group, routes in zip(lane_groups(self._settings), self._everywhere, strict=True):
            own = self.routes if group == self._group else routes
            lanes.update({relay: len(group) for relay in own.get(pair, ())})
        best = sorted(free[:nearest], key=lambda relays: max(lanes[relay] for relay in relays))
        return best[:1]

    def _links(self, pair: Direction, relays: Relays) -> tuple[Direction, ...]:
        """The directions of links from a pair's first cluster over relays to the second."""
        return self._mesh.links((pair.source, *relays, pair.destination))
