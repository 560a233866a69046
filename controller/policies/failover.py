"""Failover: one relay takes the traffic of a link that is not clean; revertive (ITU-T G.808.1).

A pair whose own link is not clean goes via the relay with the smallest total one-way delay whose two legs are clean
in both directions and not rerouted themselves. A reroute so never rests on another one that existed before it, which
keeps relay chains free of loops. A relay once chosen is kept while its legs stay usable. Traffic returns to the direct
link when that has been clean for the wait-to-restore time (`hold_ns`), and at once if no relay is left.

A relay that canaries find unhealthy is left at once: for the direct link if that is clean, because another relay may
be as cold as this one was; else for another relay; else for the direct link if it is up at all.
"""

from __future__ import annotations

from dataclasses import replace

from controller.decisions import Kept
from controller.moves import Move, PolicyDecision, Reroutes, after
from controller.situation import Situation
from hostio.timing import MS
from topologies.model import Direction, Link


def failover(situation: Situation) -> list[PolicyDecision]:
    """Every move to make now, and every pair that stays on a path which is not clean.

    Nothing while the health of any link is unknown: start-up is not a fault.
    """
    if situation.starting_up:
        return []
    # Reverting first: a link that carries its own traffic again can be a leg of another pair's relay path.
    reverted = [move for link in situation.topology.links for move in _revert(situation, link)]
    reroutes = situation.reroutes
    for move in reverted:
        reroutes = after(move, reroutes)
    return [*reverted, *_reroute_all(situation, reroutes)]


def _revert(situation: Situation, link: Link) -> list[Move]:
    if situation.relay_of(link) is None or not situation.link_clean(link.a, link.b):
        return []
    clean_since_ns = max(situation.links[direction].since_ns for direction in link.directions)
    if situation.now_ns - clean_since_ns < situation.settings.hold_ns:
        return []
    return [Move(link.a, link.b, None, f"clean for {situation.settings.hold_ns / MS:.0f} ms", clean_since_ns)]


def _reroute_all(situation: Situation, reroutes: Reroutes) -> list[PolicyDecision]:
    """Judge one link after another, as if earlier moves were made: no two pairs may become each other's leg."""
    decisions: list[PolicyDecision] = []
    for link in situation.topology.links:
        for decision in _reroute(replace(situation, reroutes=reroutes), link):
            decisions.append(decision)
            if isinstance(decision, Move):
                reroutes = after(decision, reroutes)
    return decisions


def _reroute(situation: Situation, link: Link) -> list[PolicyDecision]:
    present = situation.relay_of(link)
    if present is not None and situation.legs_usable(link, present):
        return _leave_unhealthy_relay(situation, link, present)
    if present is None and situation.link_clean(link.a, link.b):
        return []
    reason, seen_ns = _first_fault(situation, link, present)
    if not situation.settings.reroute:
        return [Kept(link.a, link.b, f"rerouting is switched off; {reason}", situation.now_ns)]
    best = situation.best_relay(link)
    if best is not None:
        return [Move(link.a, link.b, best, reason, seen_ns)]
    if situation.link_clean(link.a, link.b):
        return [Move(link.a, link.b, None, f"{reason}; the direct link is clean", seen_ns)]
    return [Kept(link.a, link.b, f"no relay is healthy and has two clean legs; {reason}", situation.now_ns)]


def _leave_unhealthy_relay(situation: Situation, link: Link, present: str) -> list[PolicyDecision]:
    canary = situation.unhealthy_canary(link, present)
    if canary is None:
        return []
    health = situation.relays[canary].health
    reason = f"{canary}: {health.reason}"
    if situation.link_clean(link.a, link.b):
        return [Move(link.a, link.b, None, f"{reason}; the direct link is clean", health.since_ns)]
    best = situation.best_relay(link)
    if best is not None:
        return [Move(link.a, link.b, best, reason, health.since_ns)]
    if situation.link_up(link):
        return [Move(link.a, link.b, None, f"{reason}; the direct link carries something", health.since_ns)]
    return [Kept(link.a, link.b, f"no other relay is healthy and has two clean legs; {reason}", situation.now_ns)]


def _first_fault(situation: Situation, link: Link, via: str | None) -> tuple[str, int]:
    """Why the present path is not usable, and since when: its first direction to have left clean."""
    hops = [(link.a, link.b)] if via is None else [(link.a, via), (via, link.b)]
    directions = [Direction(*ends) for hop in hops for ends in (hop, hop[::-1])]
    faulty = [each for each in directions if situation.links[each].state != "clean"]
    if not faulty:
        return f"a leg via {via} is itself rerouted", situation.now_ns
    first = min(faulty, key=lambda direction: situation.links[direction].since_ns)
    return f"{first}: {situation.links[first].reason}", situation.links[first].since_ns
