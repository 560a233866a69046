"""Why rerouted traffic stays on its relay path, for the log. Pure; says what the situation is, whatever the policy."""

from __future__ import annotations

from controller.decisions import Review
from controller.moves import Pair
from controller.situation import Situation
from topologies.model import Link


def reviews(situation: Situation) -> list[Review]:
    """One record for each rerouted pair."""
    rerouted = [(link, via) for link in situation.topology.links if (via := situation.relay_of(link)) is not None]
    return [Review(link.a, link.b, via, _state(situation, link, via), situation.now_ns) for link, via in rerouted]


def _state(situation: Situation, link: Link, via: str) -> str:
    unconfirmed = "a switch has not confirmed it; " if Pair((link.a, link.b)) in situation.unconfirmed else ""
    legs = "both legs are clean" if situation.legs_usable(link, via) else "a leg is not clean"
    direct = "waits for its hold time" if situation.link_clean(link.a, link.b) else "is not clean"
    return f"{unconfirmed}{legs}; {_relay_state(situation, link, via)}; the direct link {direct}"


def _relay_state(situation: Situation, link: Link, via: str) -> str:
    known = [relay for _, relay in situation.canaries(link, via)]
    if not known:
        return "the relay itself is not watched"
    if any(relay.unhealthy for relay in known):
        return "the relay is unhealthy"
    return "canaries come back through the relay"
