"""Which lanes move together, at what distance, and which of them are due: from a policy's moves to the switches. Pure.

A move onto relays may have a pace: the relay has to fetch the record of each session that is new to it. A move back to
the direct path has none: nothing there has to be fetched. Times are ns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from controller.moves import ALL_LANES, Move, PolicyDecision, Relays
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

    Moves name the clusters of a pair in one order, that of its direct path.
    """

    paths: Mapping[Direction, tuple[Relays, ...]] = field(default_factory=dict)
    under_way: Mapping[Direction, tuple[UnderWay, ...]] = field(default_factory=dict)

    def begun(self, move: Move, now_ns: int) -> LaneTable:
        """A move starts, in place of what is under way of the same lanes."""
        pair = Direction(move.a, move.b)
        paths = self.paths.get(pair, _DIRECT)
        others = (_without(each, move.lanes) for each in self.under_way.get(pair, ()))
        lanes = tuple(lane for lane in move.lanes if paths[lane] != move.relays)
        moves = (*(each for each in others if each.lanes), UnderWay(move, lanes, now_ns))
        return LaneTable({**self.paths, pair: paths}, {**self.under_way, pair: moves})

    def adopted(self, pair: Direction, relays: Relays, lanes: Iterable[int]) -> LaneTable:
        """These lanes go over relays already."""
        return LaneTable({**self.paths, pair: _moved(self.paths.get(pair, _DIRECT), relays, lanes)}, self.under_way)

    def due(self, now_ns: int) -> tuple[tuple[Step, ...], LaneTable]:
        """The lanes whose time has come, and the table once they have moved."""
        paths, under_way, steps = dict(self.paths), dict[Direction, tuple[UnderWay, ...]](), list[Step]()
        for pair, moves in self.under_way.items():
            taken = [_taken(each, now_ns) for each in moves]
            for step in (step for step, _ in taken if step.lanes):
                paths[pair] = _moved(paths[pair], step.move.relays, step.lanes)
                steps.append(step)
            if left := tuple(each for _, each in taken if each.lanes):
                under_way[pair] = left
        return tuple(steps), LaneTable(paths, under_way)

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


def _taken(moving: UnderWay, now_ns: int) -> tuple[Step, UnderWay]:
    """The lanes of a move that are due, and what is left of it."""
    due, late_ns = 0, now_ns - moving.next_ns
    if late_ns >= 0:
        step_ns = moving.move.step_ns
        due = min(len(moving.lanes), late_ns // step_ns + 1) if step_ns else len(moving.lanes)
    left = replace(moving, lanes=moving.lanes[due:], next_ns=moving.next_ns + due * moving.move.step_ns)
    return Step(moving.move, moving.lanes[:due]), left
