"""Which pairs of clusters should change path now. Pure: topology, health, present paths and time in, moves out.

A pair whose own link is not clean goes via the relay with the smallest total one-way delay whose two legs are clean
in both directions and not rerouted themselves. A reroute so never rests on another one that existed before it, which
keeps relay chains free of loops. A relay once chosen is kept while its legs stay good. If none is left and the direct
link is clean again, the pair need not wait for the hold time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from controller.decisions import Kept
from controller.health import Health
from controller.settings import ControllerSettings
from hostio.units import MS
from topologies.model import Direction, Link, Topology

Pair = frozenset[str]
"""Two clusters, in no order."""


@dataclass(frozen=True, slots=True)
class Move:
    """All lanes between `a` and `b`, both ways, go via a relay, or direct again (None). `seen_ns`: since when the
    direction that gave the reason has been as it is."""

    a: str
    b: str
    via: str | None
    reason: str
    seen_ns: int


@dataclass(frozen=True, slots=True)
class Situation:
    """What the policy knows. `rerouted` maps a pair to the relay its media takes now."""

    topology: Topology
    health: Mapping[Direction, Health]
    rerouted: Mapping[Pair, str]
    settings: ControllerSettings
    now_ns: int

    def clean(self, one: str, other: str) -> bool:
        """There is a link between the two, clean in both directions."""
        directions = (Direction(one, other), Direction(other, one))
        return all(d in self.health and self.health[d].state == "clean" for d in directions)

    def good_leg(self, one: str, other: str) -> bool:
        """Traffic handed over for the other end arrives there, and without a further relay."""
        return self.clean(one, other) and Pair((one, other)) not in self.rerouted

    def good_relay(self, link: Link, via: str) -> bool:
        """Both legs of the detour are good."""
        return self.good_leg(link.a, via) and self.good_leg(via, link.b)

    def best_relay(self, link: Link) -> str | None:
        """The good relay with the shortest detour; the first in cluster order of equals; None if there is none."""
        names = [cluster.name for cluster in self.topology.clusters if cluster.name not in (link.a, link.b)]
        good = [name for name in names if self.good_relay(link, name)]
        return min(good, key=lambda via: self.topology.one_way_ns(link.a, via, link.b), default=None)


def wanted(situation: Situation) -> list[Move | Kept]:
    """Every move wanted now, and every pair that stays where it is against the policy's wish.

    Nothing while any direction is still unknown: start-up is not a fault.
    """
    if any(health.state == "unknown" for health in situation.health.values()):
        return []
    rerouted = situation.rerouted
    returns = [move for link in situation.topology.links for move in _return(situation, link)]
    for move in returns:
        rerouted = after(move, rerouted)
    return [*returns, *_detours(situation, rerouted)]


def after(move: Move, rerouted: Mapping[Pair, str]) -> Mapping[Pair, str]:
    """The reroutes in force once a move is made."""
    pair = Pair((move.a, move.b))
    others = {other: via for other, via in rerouted.items() if other != pair}
    return others if move.via is None else {**others, pair: move.via}


def _return(situation: Situation, link: Link) -> list[Move]:
    if Pair((link.a, link.b)) not in situation.rerouted or not situation.clean(link.a, link.b):
        return []
    clean_since_ns = max(situation.health[direction].since_ns for direction in link.directions)
    if situation.now_ns - clean_since_ns < situation.settings.hold_ns:
        return []
    return [Move(link.a, link.b, None, f"clean for {situation.settings.hold_ns / MS:.0f} ms", clean_since_ns)]


def _detours(situation: Situation, rerouted: Mapping[Pair, str]) -> list[Move | Kept]:
    """Look at each link in turn, with the moves already wanted in force."""
    wanted_moves: list[Move | Kept] = []
    for link in situation.topology.links:
        for move in _detour(replace(situation, rerouted=rerouted), link):
            wanted_moves.append(move)
            if isinstance(move, Move):
                rerouted = after(move, rerouted)
    return wanted_moves


def _detour(situation: Situation, link: Link) -> list[Move | Kept]:
    present = situation.rerouted.get(Pair((link.a, link.b)))
    if present is not None and situation.good_relay(link, present):
        return []
    if present is None and situation.clean(link.a, link.b):
        return []
    reason, seen_ns = _trouble(situation, link, present)
    if not situation.settings.reroute:
        return [Kept(link.a, link.b, f"rerouting is switched off; {reason}", situation.now_ns)]
    best = situation.best_relay(link)
    if best is None and situation.clean(link.a, link.b):
        return [Move(link.a, link.b, None, f"{reason}; the direct link is clean", seen_ns)]
    if best is None:
        return [Kept(link.a, link.b, f"no relay has two clean legs; {reason}", situation.now_ns)]
    return [Move(link.a, link.b, best, reason, seen_ns)]


def _trouble(situation: Situation, link: Link, via: str | None) -> tuple[str, int]:
    """Why the path in use is no good, and since when: its first direction to have left clean."""
    hops = [(link.a, link.b)] if via is None else [(link.a, via), (via, link.b)]
    directions = [Direction(*ends) for hop in hops for ends in (hop, hop[::-1])]
    bad = [d for d in directions if situation.health[d].state != "clean"]
    if not bad:
        return f"a leg via {via} is itself rerouted", situation.now_ns
    first = min(bad, key=lambda direction: situation.health[direction].since_ns)
    return f"{first}: {situation.health[first].reason}", situation.health[first].since_ns
