"""Which lanes move together, at what distance, and which of them are due: from a policy's moves to the switches. Pure.

A move onto relays may have a pace: the relay has to fetch the record of each session that is new to it. A move back to
the direct path has none: nothing there has to be fetched. Times are ns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

from controller.moves import ALL_LANES, Move, Pair, PolicyDecision, Relays
from controller.relay_paths import loop_of, told_reroutes
from controller.settings import ControllerSettings
from topologies.model import Direction

Lanes: TypeAlias = tuple[int, ...]

_DIRECT: tuple[Relays, ...] = ((),) * len(ALL_LANES)


def lane_groups(settings: ControllerSettings) -> tuple[Lanes, ...]:
    """The lanes that a policy moves alike: all of them, every k-th, or each by itself."""
    count = settings.most_paths
    return tuple(ALL_LANES[first::count] for first in range(count))


def paced(move: Move, settings: ControllerSettings) -> Move:
    """The move; if it is onto relays, it takes its lanes one after another over the pace that is set."""
    return replace(move, step_ns=settings.move_pace_ns // len(move.lanes)) if move.relays else move


def all_paced(decisions: Iterable[PolicyDecision], settings: ControllerSettings) -> list[PolicyDecision]:
    """The decisions, with every move paced."""
    return [paced(each, settings) if isinstance(each, Move) else each for each in decisions]


@dataclass(frozen=True, slots=True)
class Step:
    """Lanes of a move that change path now."""

    move: Move
    lanes: Lanes


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A move whose lanes have not all changed path: those still to do so, in order, and when the next one is due."""

    move: Move
    lanes: Lanes
    next_ns: int


@dataclass(frozen=True, slots=True)
class LaneTable:
    """The path of every lane of every pair that has moved, as the switches were given it, and the moves under way.

    Moves name the clusters of a pair in one order, that of its direct path. `one_way`: each order is of its own
    direction.
    """

    paths: Mapping[Direction, tuple[Relays, ...]] = field(default_factory=dict)
    under_way: Mapping[Direction, tuple[UnderWay, ...]] = field(default_factory=dict)
    one_way: bool = False

    def begun(self, move: Move, now_ns: int) -> LaneTable:
        """A move starts, in place of what is under way of the same lanes."""
        pair = Direction(move.a, move.b)
        paths = self.paths.get(pair, _DIRECT)
        others = (_without(each, move.lanes) for each in self.under_way.get(pair, ()))
        lanes = tuple(lane for lane in move.lanes if paths[lane] != move.relays)
        moves = (*(each for each in others if each.lanes), UnderWay(move, lanes, now_ns))
        return replace(self, paths={**self.paths, pair: paths}, under_way={**self.under_way, pair: moves})

    def adopted(self, pair: Direction, relays: Relays, lanes: Iterable[int]) -> LaneTable:
        """These lanes go over relays already."""
        paths = _moved(self.paths.get(pair, _DIRECT), relays, lanes)
        return replace(self, paths={**self.paths, pair: paths})

    def due(self, now_ns: int) -> tuple[tuple[Step, ...], LaneTable]:
        """The lanes whose time has come, and the table once they have moved.

        Where two relays would send a lane to each other, because one pair has moved it and the other not yet, that one
        moves it before its time, and first.
        """
        steps, table = self._taken(lambda moving: _due(moving, now_ns))
        newest = steps
        while newest:
            newest, table = table._taken(partial(_among, table._looping(newest)))
            steps = (*newest, *steps)
        return steps, table

    def _taken(self, choose: Callable[[UnderWay], Lanes]) -> tuple[tuple[Step, ...], LaneTable]:
        """Some lanes of every move under way, and the table once these have moved."""
        paths, under_way, steps = dict(self.paths), dict[Direction, tuple[UnderWay, ...]](), list[Step]()
        for pair, moves in self.under_way.items():
            taken = [(each, choose(each)) for each in moves]
            for moving, lanes in taken:
                paths[pair] = _moved(paths[pair], moving.move.relays, lanes)
            steps += [Step(moving.move, lanes) for moving, lanes in taken if lanes]
            if left := tuple(each for each in (_left(*each) for each in taken) if each.lanes):
                under_way[pair] = left
        return tuple(steps), replace(self, paths=paths, under_way=under_way)

    def _looping(self, steps: Iterable[Step]) -> Set[tuple[Pair, int]]:
        """The pairs, and their lanes, which send these to one another in a loop since some have moved."""
        by_lane = told_reroutes(self.paths, one_way=self.one_way) if self.under_way else ()
        return {
            (Pair((at, end)), lane)
            for step in steps
            for lane, reroutes in enumerate(by_lane)
            if lane in step.lanes
            for start, end in ((step.move.a, step.move.b), (step.move.b, step.move.a))
            for at in loop_of(reroutes, start, end)
        }

    def reroutes(self) -> Iterator[tuple[Direction, Relays, Lanes]]:
        """Every pair, its relays, and the lanes that go over them now."""
        for pair, paths in self.paths.items():
            for relays in dict.fromkeys(path for path in paths if path):
                yield pair, relays, tuple(lane for lane, path in enumerate(paths) if path == relays)


def _without(moving: UnderWay, lanes: Lanes) -> UnderWay:
    return replace(moving, lanes=tuple(lane for lane in moving.lanes if lane not in lanes))


def _moved(paths: tuple[Relays, ...], relays: Relays, lanes: Iterable[int]) -> tuple[Relays, ...]:
    moved = set(lanes)
    return tuple(relays if lane in moved else path for lane, path in enumerate(paths))


def _among(found: Set[tuple[Pair, int]], moving: UnderWay) -> Lanes:
    return tuple(lane for lane in moving.lanes if (moving.move.pair, lane) in found)


def _due(moving: UnderWay, now_ns: int) -> Lanes:
    """The lanes of a move whose time has come."""
    late_ns, step_ns = now_ns - moving.next_ns, moving.move.step_ns
    if late_ns < 0:
        return ()
    return moving.lanes[: late_ns // step_ns + 1] if step_ns else moving.lanes


def _left(moving: UnderWay, taken: Lanes) -> UnderWay:
    """What is left of a move once some of its lanes have moved."""
    return replace(_without(moving, taken), next_ns=moving.next_ns + len(taken) * moving.move.step_ns)
