"""Which pairs of clusters should change path now. Pure: topology, health, present paths and time in, moves out.

A pair whose own link is not clean goes via the relay with the smallest total one-way delay whose two legs are clean
in both directions and not rerouted themselves. A reroute so never rests on another one that existed before it, which
keeps relay chains free of loops. A relay once chosen is kept while its legs stay good. If none is left and the direct
link is clean again, the pair need not wait for the hold time.

A relay that canaries find sick is left at once: for the direct link if that is clean, because another relay may be as
cold as this one was; else for another relay; else for the direct link if it carries anything at all. It gets no traffic
until it has been well for the hold time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from controller.decisions import Kept, Review
from controller.health import Health
from controller.relay_watch import RelayHealth, RelayPath
from controller.settings import ControllerSettings
from hostio.timing import MS
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
    """What the policy knows. `relays` is empty if relays are not watched; `rerouted` maps a pair to the relay its media
    takes now."""

    topology: Topology
    health: Mapping[Direction, Health]
    relays: Mapping[RelayPath, RelayHealth]
    rerouted: Mapping[Pair, str]
    settings: ControllerSettings
    now_ns: int
    unconfirmed: frozenset[Pair] = frozenset()
    """Pairs of which a move is not yet in force on every switch."""

    def clean(self, one: str, other: str) -> bool:
        """There is a link between the two, clean in both directions."""
        directions = (Direction(one, other), Direction(other, one))
        return all(d in self.health and self.health[d].state == "clean" for d in directions)

    def carries(self, link: Link) -> bool:
        """Neither direction of a link is down."""
        return all(self.health[direction].state != "down" for direction in link.directions)

    def good_leg(self, one: str, other: str) -> bool:
        """Traffic handed over for the other end arrives there, and without a further relay."""
        return self.clean(one, other) and Pair((one, other)) not in self.rerouted

    def good_legs(self, link: Link, via: str) -> bool:
        """Both legs of the detour are good."""
        return self.good_leg(link.a, via) and self.good_leg(via, link.b)

    def sickness(self, link: Link, via: str) -> RelayPath | None:
        """Which end's canary finds the relay sick, if any."""
        paths = (RelayPath(end, via) for end in (link.a, link.b))
        return next((path for path in paths if path in self.relays and self.relays[path].sick), None)

    def well(self, link: Link, via: str) -> bool:
        """Neither end finds the relay sick, nor has for the hold time."""
        known = [self.relays[path] for end in (link.a, link.b) if (path := RelayPath(end, via)) in self.relays]
        sick_ns = [relay.last_sick_ns for relay in known if relay.last_sick_ns is not None]
        held = all(self.now_ns - last_ns >= self.settings.hold_ns for last_ns in sick_ns)
        return held and self.sickness(link, via) is None

    def best_relay(self, link: Link) -> str | None:
        """The good relay with the shortest detour; the first in cluster order of equals; None if there is none."""
        names = [cluster.name for cluster in self.topology.clusters if cluster.name not in (link.a, link.b)]
        good = [name for name in names if self.good_legs(link, name) and self.well(link, name)]
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
    if present is not None and situation.good_legs(link, present):
        return _leave_if_sick(situation, link, present)
    if present is None and situation.clean(link.a, link.b):
        return []
    reason, seen_ns = _trouble(situation, link, present)
    if not situation.settings.reroute:
        return [Kept(link.a, link.b, f"rerouting is switched off; {reason}", situation.now_ns)]
    best = situation.best_relay(link)
    if best is None and situation.clean(link.a, link.b):
        return [Move(link.a, link.b, None, f"{reason}; the direct link is clean", seen_ns)]
    if best is None:
        return [Kept(link.a, link.b, f"no relay is well and has two clean legs; {reason}", situation.now_ns)]
    return [Move(link.a, link.b, best, reason, seen_ns)]


def _leave_if_sick(situation: Situation, link: Link, present: str) -> list[Move | Kept]:
    observed = situation.sickness(link, present)
    if observed is None:
        return []
    health = situation.relays[observed].health
    reason = f"{observed}: {health.reason}"
    if situation.clean(link.a, link.b):
        return [Move(link.a, link.b, None, f"{reason}; the direct link is clean", health.since_ns)]
    best = situation.best_relay(link)
    if best is not None:
        return [Move(link.a, link.b, best, reason, health.since_ns)]
    if situation.carries(link):
        return [Move(link.a, link.b, None, f"{reason}; the direct link carries something", health.since_ns)]
    return [Kept(link.a, link.b, f"no other relay is well and has two clean legs; {reason}", situation.now_ns)]


def reviews(situation: Situation) -> list[Review]:
    """Why each rerouted pair stays where it is."""
    found = []
    for link in situation.topology.links:
        via = situation.rerouted.get(Pair((link.a, link.b)))
        if via is not None:
            unconfirmed = Pair((link.a, link.b)) in situation.unconfirmed
            reason = f"{'a switch has not confirmed it; ' if unconfirmed else ''}{_why_not(situation, link, via)}"
            found.append(Review(link.a, link.b, via, reason, situation.now_ns))
    return found


def _why_not(situation: Situation, link: Link, via: str) -> str:
    legs = "both legs are clean" if situation.good_legs(link, via) else "a leg is not clean"
    watched = [situation.relays[path] for end in (link.a, link.b) if (path := RelayPath(end, via)) in situation.relays]
    relay = "the relay itself is not watched" if not watched else "canaries come back through the relay"
    if any(each.sick for each in watched):
        relay = "the relay is sick"
    direct = "waits for its hold time" if situation.clean(link.a, link.b) else "is not clean"
    return f"{legs}; {relay}; the direct link {direct}"


def _trouble(situation: Situation, link: Link, via: str | None) -> tuple[str, int]:
    """Why the path in use is no good, and since when: its first direction to have left clean."""
    hops = [(link.a, link.b)] if via is None else [(link.a, via), (via, link.b)]
    directions = [Direction(*ends) for hop in hops for ends in (hop, hop[::-1])]
    bad = [d for d in directions if situation.health[d].state != "clean"]
    if not bad:
        return f"a leg via {via} is itself rerouted", situation.now_ns
    first = min(bad, key=lambda direction: situation.health[direction].since_ns)
    return f"{first}: {situation.health[first].reason}", situation.health[first].since_ns
