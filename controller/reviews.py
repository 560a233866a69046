"""Why rerouted pairs stay where they are. Pure."""

from __future__ import annotations

from controller.decisions import Review
from controller.moves import Pair, Relays, second_of
from controller.situation import Situation
from topologies.model import DirectPath


def reviews(situation: Situation) -> list[Review]:
    """One record for each rerouted pair, and for each path that lanes of it take."""
    alike = {tuple(sorted(each.items())): lane for lane, each in enumerate(situation.by_lane or (situation.reroutes,))}
    found = [review for lane in alike.values() for review in _reviews(situation.of_lanes(lane))]
    return list({(each.a, each.b, each.relays): each for each in found}.values())


def _reviews(situation: Situation) -> list[Review]:
    pairs = [(pair, relays) for pair in situation.concerned if (relays := situation.relays_of(pair))]
    return [
        Review(
            pair.a,
            pair.b,
            relays[0],
            _state(situation, pair, relays),
            situation.now_ns,
            second_of(relays),
            pair.one_way,
        )
        for pair, relays in pairs
    ]


def _state(situation: Situation, pair: DirectPath, relays: Relays) -> str:
    unconfirmed = "a switch has not confirmed it; " if Pair((pair.a, pair.b)) in situation.unconfirmed else ""
    all_legs = "both legs" if len(relays) == 1 else "all legs"
    legs = f"{all_legs} are clean" if situation.legs_usable(pair, relays) else "a leg is not clean"
    direct = _direct_state(situation, pair)
    return f"{unconfirmed}{legs}; {_relay_state(situation, pair, relays)}; the {pair.word} {direct}"


def _direct_state(situation: Situation, pair: DirectPath) -> str:
    if situation.path_damped(pair):
        return "is damped"
    if not situation.path_clean(pair):
        return "is not clean"
    return "is clean; no reroute is left" if situation.held(pair) else "waits for its hold time"


def _relay_state(situation: Situation, pair: DirectPath, relays: Relays) -> str:
    known = [relay for _, relay in situation.observed(pair, relays)]
    if not known:
        return "the relay itself is not watched"
    if any(relay.unhealthy for relay in known):
        return "the relay is unhealthy"
    return "the relay is healthy" if any(relay.health.state == "clean" for relay in known) else "the relay is unknown"
