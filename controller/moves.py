"""Moves of traffic between direct paths and relay paths: what a policy decides. Pure data.

The relay path of clusters a and b via c is a → c → b, and b → c → a: the switch at either end sends its host's media to
the relay at c, which forwards it. A pair whose media takes a relay path is *rerouted*.

A relay path via c and d is a → c → d → b, and b → d → c → a. The switch at a sends to c, and that at b to d; c goes on
to d, and d to c on the way back, because the pairs c, b and d, a are rerouted so themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

from controller.decisions import Kept
from relay_app.ports import LANES
from topologies.model import Direction

ALL_LANES = tuple(range(LANES))

Pair = frozenset[str]
"""Two clusters, in no order."""

Relays: TypeAlias = tuple[str, ...]
"""The clusters of the relays on a pair's path, from its first cluster to its second; empty: the direct path."""

Reroutes: TypeAlias = Mapping[Direction, str]
"""Of the rerouted pairs, either way, or of one way that is alone: the cluster of the relay that its source sends to."""

LaneReroutes: TypeAlias = tuple[Reroutes, ...]
"""The reroutes of every lane, by its number."""

NO_REROUTES: LaneReroutes = ({},) * LANES


@dataclass(frozen=True, slots=True)
class Move:
    """Lanes between `a` and `b`, both ways, go via relays, or over the direct path again.

    `seen_ns`: since when the link direction or relay that is the reason has had its present state. `lanes`: in the
    order in which they move, `step_ns` apart; 0: all at once. `repaired_ns`: when the controller learned that a switch
    at either end had moved the lanes by itself, if one had. `one_way`: from `a` to `b` alone, over one relay.
    """

    a: str
    b: str
    relays: Relays
    reason: str
    seen_ns: int
    lanes: tuple[int, ...] = ALL_LANES
    step_ns: int = 0
    repaired_ns: int | None = None
    one_way: bool = False

    @property
    def pair(self) -> Pair:
        """The two clusters."""
        return Pair((self.a, self.b))


@dataclass(frozen=True, slots=True)
class Load:
    """Lanes between `a` and `b` are to move onto relays once these have loaded the records of their sessions."""

    a: str
    b: str
    relays: Relays
    lanes: tuple[int, ...] = ALL_LANES

    @property
    def pair(self) -> Pair:
        """The two clusters."""
        return Pair((self.a, self.b))


PolicyDecision: TypeAlias = Move | Kept | Load
"""Of one pair: a move to make now, the reason why lanes stay on a path that is not clean, or what is to be loaded for
them meanwhile."""


def after(move: Move, reroutes: Reroutes) -> Reroutes:
    """The reroutes there are once a move is made."""
    there, made = Direction(move.a, move.b), dict(reroutes)
    made.pop(there, None)
    if move.one_way:
        return {**made, there: move.relays[0]} if move.relays else made
    made.pop(there.reversed(), None)
    return {**made, there: move.relays[0], there.reversed(): move.relays[-1]} if move.relays else made


def after_in_lanes(move: Move, by_lane: LaneReroutes) -> LaneReroutes:
    """The reroutes of every lane once a move of some of them is made."""
    return tuple(after(move, each) if lane in move.lanes else each for lane, each in enumerate(by_lane))


def relays_between(a: str, b: str, reroutes: Reroutes) -> Relays:
    """The relays on a pair's path."""
    ends = (reroutes.get(Direction(a, b)), reroutes.get(Direction(b, a)))
    return tuple(dict.fromkeys(relay for relay in ends if relay is not None))


def second_of(relays: Relays) -> str | None:
    """The second relay, if there is one."""
    return relays[1] if len(relays) > 1 else None


def via_text(relays: Relays) -> str:
    """Relays as text: `c`, or `c and d`."""
    return " and ".join(relays)


def lanes_text(lanes: Iterable[int]) -> str:
    """Lanes as text, those in a row as a range: `lane 3`, or `lanes 0–2, 5`."""
    found = sorted(lanes)
    runs = [[lane for _, lane in run] for _, run in groupby(enumerate(found), lambda each: each[1] - each[0])]
    parts = [str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs]
    return f"lane{'s' if len(found) > 1 else ''} {', '.join(parts)}"
