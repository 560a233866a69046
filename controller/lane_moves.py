"""Which lanes go which way, and which of them move next. Pure; times are ns.

A move onto a relay is paced, for the relay's sake: it has sessions to get to know. A move back to the direct path has
nothing to wait for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from controller.policy import Move, Pair
from relay_app.streams import LANES


@dataclass(frozen=True, slots=True)
class Shift:
    """These lanes of a move are to change path now."""

    move: Move
    lanes: tuple[int, ...]


@dataclass(slots=True)
class _Moving:
    move: Move
    lanes: list[int]
    """Still to move, in order."""
    next_ns: int


class LaneMoves:
    """The path of every lane of every pair. `pace_ns`: over what time a move onto a relay is spread; 0: none."""

    def __init__(self, pace_ns: int) -> None:
        self._step_ns = pace_ns // LANES
        self._paths: dict[Pair, list[str | None]] = {}
        self._moving: dict[Pair, _Moving] = {}

    def begin(self, move: Move, now_ns: int) -> None:
        """Start a move, in place of one of the same pair that may be under way."""
        pair = Pair((move.a, move.b))
        paths = self._paths.setdefault(pair, [None] * LANES)
        lanes = [lane for lane, via in enumerate(paths) if via != move.via]
        self._moving[pair] = _Moving(move, lanes, now_ns)

    def take_up(self, pair: Pair, via: str, lanes: Iterable[int]) -> None:
        """These lanes go over a relay already."""
        paths = self._paths.setdefault(pair, [None] * LANES)
        for lane in lanes:
            paths[lane] = via

    def due(self, now_ns: int) -> Iterator[Shift]:
        """What is to move by now; taken as done."""
        for pair, moving in list(self._moving.items()):
            lanes = tuple(self._lanes_due(moving, now_ns))
            if not moving.lanes:
                del self._moving[pair]
            if lanes:
                for lane in lanes:
                    self._paths[pair][lane] = moving.move.via
                yield Shift(moving.move, lanes)

    def _lanes_due(self, moving: _Moving, now_ns: int) -> Iterator[int]:
        step_ns = self._step_ns if moving.move.via else 0
        while moving.lanes and moving.next_ns <= now_ns:
            moving.next_ns += step_ns
            yield moving.lanes.pop(0)

    def reroutes(self) -> Iterator[tuple[Pair, str, tuple[int, ...]]]:
        """Every pair, relay, and the lanes that go over it now."""
        for pair, paths in self._paths.items():
            for via in dict.fromkeys(path for path in paths if path is not None):
                yield pair, via, tuple(lane for lane, path in enumerate(paths) if path == via)
