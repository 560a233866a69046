"""Moves of traffic between direct links and relay paths: what a policy decides. Pure data.

The relay path of clusters a and b via c is a → c → b, and b → c → a: the switch at either end sends its host's media to
the relay at c, which forwards it. A pair whose media takes a relay path is *rerouted*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from controller.decisions import Kept

Pair = frozenset[str]
"""Two clusters, in no order."""

Reroutes: TypeAlias = Mapping[Pair, str]
"""The rerouted pairs, each with the cluster of its relay."""


@dataclass(frozen=True, slots=True)
class Move:
    """All lanes between `a` and `b`, both ways, go via a relay, or over the direct link again (None).

    `seen_ns`: since when the link direction or relay that is the reason has had its present state.
    """

    a: str
    b: str
    via: str | None
    reason: str
    seen_ns: int

    @property
    def pair(self) -> Pair:
        """The two clusters."""
        return Pair((self.a, self.b))


PolicyDecision: TypeAlias = Move | Kept
"""Of one pair: a move to make now, or the reason why it stays on a path that is not clean."""


def after(move: Move, reroutes: Reroutes) -> Reroutes:
    """The reroutes there are once a move is made."""
    others = {pair: via for pair, via in reroutes.items() if pair != move.pair}
    return others if move.via is None else {**others, move.pair: move.via}
