"""Which path each lane takes, and which lanes move next. Pure; times are ns.

A move onto relays is paced: the relay has to fetch the record of each session that is new to it. A move back to the
direct path is not: nothing there has to be fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from controller.moves import Move, Relays
from relay_app.ports import LANES
from topologies.model import Direction


@dataclass(frozen=True, slots=True)
class Shift:
    """Lanes of a move that change path now."""

    move: Move
    lanes: tuple[int, ...]


@dataclass(slots=True)
class _Moving:
    move: Move
    lanes: list[int]
    """Still to move, in order."""
    next_ns: int


class LaneMoves:
    """The path of every lane of every pair, whose moves name its clusters in one order. `pace_ns`: over what time a
    move onto relays is spread; 0: none."""

    def __init__(self, pace_ns: int) -> None:
        self._step_ns = pace_ns // LANES
        self._paths: dict[Direction, list[Relays]] = {}
        self._moving: dict[Direction, _Moving] = {}

    def begin(self, move: Move, now_ns: int) -> None:
        """Start a move, in place of one of the same pair that may be under way."""
        pair = Direction(move.a, move.b)
        paths = self._paths.setdefault(pair, [()] * LANES)
        lanes = [lane for lane, relays in enumerate(paths) if relays != move.relays]
        self._moving[pair] = _Moving(move, lanes, now_ns)

    def adopt(self, pair: Direction, relays: Relays, lanes: Iterable[int]) -> None:
        """Record that these lanes go over relays already."""
        paths = self._paths.setdefault(pair, [()] * LANES)
        for lane in lanes:
            paths[lane] = relays

    def due(self, now_ns: int) -> Iterator[Shift]:
        """The lanes whose time has come, as moved from now on."""
        for pair, moving in list(self._moving.items()):
            lanes = tuple(self._lanes_due(moving, now_ns))
            if not moving.lanes:
                del self._moving[pair]
            if lanes:
                for lane in lanes:
                    self._paths[pair][lane] = moving.move.relays
                yield Shift(moving.move, lanes)

    def _lanes_due(self, moving: _Moving, now_ns: int) -> Iterator[int]:
        step_ns = self._step_ns if moving.move.relays else 0
        while moving.lanes and moving.next_ns <= now_ns:
            moving.next_ns += step_ns
            yield moving.lanes.pop(0)

    def reroutes(self) -> Iterator[tuple[Direction, Relays, tuple[int, ...]]]:
        """Every pair, its relays, and the lanes that go over them now."""
        for pair, paths in self._paths.items():
            for relays in dict.fromkeys(path for path in paths if path):
                yield pair, relays, tuple(lane for lane, path in enumerate(paths) if path == relays)
