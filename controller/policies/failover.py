"""Failover: relays take the traffic of a path that is not clean; revertive (ITU-T G.808.1).

A pair whose own path is not clean goes via the relay with the smallest total one-way delay whose two legs are clean
in both directions and not rerouted themselves. A relay once chosen is kept while its legs stay usable. Traffic returns
to the direct path when that has been clean for the wait-to-restore time (`hold_ns`), and at once if no relay is left.

Where no relay has two such legs, and `max_relays` allows it, a pair goes over two, of which each sends to the other end
over the other one already: their own paths to it are not clean either (the first relay is in the P-space of RFC 7490,
the second in its Q-space; a single relay is in both). No other reroute rests on another one, which keeps relay paths
free of loops.

A relay that canaries find unhealthy is left at once: for the direct link if that is clean, because another relay may
be as cold as this one was; else for another relay; else for the direct link if it is up at all.
"""

from __future__ import annotations

from dataclasses import replace

from controller.decisions import Kept
from controller.moves import Move, PolicyDecision, Relays, Reroutes, after, via_text
from controller.situation import Situation
from hostio.timing import MS
from topologies.model import DirectPath


def failover(situation: Situation) -> list[PolicyDecision]:
    """Every move to make now, and every pair that stays on a path which is not clean.

    Nothing while the health of any link is unknown: start-up is not a fault.
    """
    if situation.starting_up or (situation.all_clean and not situation.reroutes):
        return []
    # Reverting first: a link that carries its own traffic again can be a leg of another pair's relay path.
    reverted = [move for pair in situation.concerned for move in _revert(situation, pair)]
    reroutes = situation.reroutes
    for move in reverted:
        reroutes = after(move, reroutes)
    return [*reverted, *_reroute_all(situation, reroutes)]


def _revert(situation: Situation, pair: DirectPath) -> list[Move]:
    if not situation.relays_of(pair) or not situation.path_clean(pair):
        return []
    clean_since_ns = max(situation.links[direction].since_ns for direction in pair.directions)
    if situation.now_ns - clean_since_ns < situation.settings.hold_ns:
        return []
    return [Move(pair.a, pair.b, (), f"clean for {situation.settings.hold_ns / MS:.0f} ms", clean_since_ns)]


def _reroute_all(situation: Situation, reroutes: Reroutes) -> list[PolicyDecision]:
    """Judge one pair after another, as if earlier moves were made: no two pairs may become each other's leg.

    Those for which no single relay is left are judged again once the others have theirs: a path over two relays is made
    of these.
    """
    decisions: dict[DirectPath, PolicyDecision] = {}
    concerned = situation.concerned
    situation = replace(situation, reroutes=reroutes)
    for count in range(1, situation.settings.max_relays + 1):
        for pair in concerned:
            if count > 1 and not isinstance(decisions.get(pair), Kept):
                continue
            decision = _reroute(situation, pair, count)
            if decision is not None:
                decisions[pair] = decision
            if isinstance(decision, Move):
                situation = replace(situation, reroutes=after(decision, situation.reroutes))
    return list(decisions.values())


def _reroute(situation: Situation, pair: DirectPath, count: int) -> PolicyDecision | None:
    present = situation.relays_of(pair)
    if present and situation.legs_usable(pair, present):
        return _leave_unhealthy_relay(situation, pair, present, count)
    if not present and situation.path_clean(pair):
        return None
    reason, seen_ns = _first_fault(situation, pair, present)
    if not situation.settings.reroute:
        return Kept(pair.a, pair.b, f"rerouting is switched off; {reason}", situation.now_ns)
    best = situation.best_relays(pair, count)
    if best:
        return Move(pair.a, pair.b, best, reason, seen_ns)
    if situation.path_clean(pair):
        return Move(pair.a, pair.b, (), f"{reason}; the {pair.word} is clean", seen_ns)
    return Kept(pair.a, pair.b, f"{_no_detour(count)}; {reason}", situation.now_ns)


def _leave_unhealthy_relay(
    situation: Situation, pair: DirectPath, present: Relays, count: int
) -> PolicyDecision | None:
    canary = situation.unhealthy_canary(pair, present)
    if canary is None:
        return None
    health = situation.relays[canary].health
    reason = f"{canary}: {health.reason}"
    if situation.path_clean(pair):
        return Move(pair.a, pair.b, (), f"{reason}; the {pair.word} is clean", health.since_ns)
    best = situation.best_relays(pair, count)
    if best:
        return Move(pair.a, pair.b, best, reason, health.since_ns)
    if situation.path_up(pair):
        return Move(pair.a, pair.b, (), f"{reason}; the {pair.word} carries something", health.since_ns)
    return Kept(pair.a, pair.b, f"{_no_detour(count, 'other ')}; {reason}", situation.now_ns)


def _no_detour(count: int, other: str = "") -> str:
    alone = f"no detour: no {other}relay is healthy and has two clean legs"
    return alone if count == 1 else f"{alone}, nor do two relays have three"


def _first_fault(situation: Situation, pair: DirectPath, relays: Relays) -> tuple[str, int]:
    """Why the present path is not usable, and since when: its first direction to have left clean."""
    directions = situation.legs(pair, relays) if relays else pair.directions
    faulty = [each for each in directions if situation.links[each].state != "clean"]
    if not faulty:
        return f"a leg via {via_text(relays)} is itself rerouted", situation.now_ns
    first = min(faulty, key=lambda direction: situation.links[direction].since_ns)
    return f"{first}: {situation.links[first].reason}", situation.links[first].since_ns
