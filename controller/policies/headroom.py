"""Headroom: a relay gets lanes only as long as its load stays within a share of its stated capacity.

Lane by lane, each takes the best detour whose relays all have room for its packets; lanes for which none has room stay
where they are. So all take the nearest together if it is the only one, and has room for the packets of all. Load and
capacity are packets a second: the load by the run's plan (`Situation.load`), the capacity as the scenario states it. A
relay without a stated capacity has room for everything.
"""

from __future__ import annotations

from controller.moves import Move, PolicyDecision, Relays
from controller.policies.detours import Selection, detours
from controller.policies.groups import in_groups
from controller.policies.steps import all_paced
from controller.relay_paths import carries_others
from controller.situation import Situation
from topologies.model import DirectPath


def headroom(situation: Situation) -> list[PolicyDecision]:
    """Every move to make now, and every pair with lanes that stay on a path which is not clean."""
    return all_paced(_decided(situation), situation.settings)


class _ApartError(Exception):
    """The lanes of a pair cannot go together: its best detour has no room for all, or is not the only one."""


def _decided(situation: Situation) -> list[PolicyDecision]:
    # To decide for each lane takes many times as long as for all, and comes to the same where all have room.
    alike = all(each == situation.reroutes for each in situation.by_lane)
    try:
        return detours(situation, _TOGETHER) if alike else lane_by_lane(situation)
    except _ApartError:
        return lane_by_lane(situation)


def lane_by_lane(situation: Situation) -> list[PolicyDecision]:
    """What each lane does by itself."""
    return in_groups(situation, _WITH_ROOM)


def _only_nearest(situation: Situation, pair: DirectPath, count: int) -> Relays:
    nearest = situation.nearest_relays(pair, count)
    if len(nearest) > 1 or any(_full(situation, pair, each) for each in nearest):
        raise _ApartError
    return next(iter(nearest), ())


_TOGETHER = Selection(_only_nearest)


def _first_with_room(situation: Situation, pair: DirectPath, count: int) -> Relays:
    ranked = situation.ranked_relays(pair, count)
    return next((each for each in ranked if not _full(situation, pair, each)), ())


def _without_room(situation: Situation, pair: DirectPath, count: int) -> str | None:
    ranked = [each for counted in range(1, count + 1) for each in situation.ranked_relays(pair, counted)]
    full = dict.fromkeys(relay for each in ranked for relay in _full(situation, pair, each))
    if not full:
        return None
    stated = ", ".join(f"{relay} {situation.traffic.capacity_of(relay)}" for relay in full)
    return f"no headroom: no room below {situation.settings.policy.share:.0%} of the packets/s stated of {stated}"


_WITH_ROOM = Selection(_first_with_room, _without_room)


def _full(situation: Situation, pair: DirectPath, relays: Relays) -> list[str]:
    """The relays that would be loaded above their share if the lanes under consideration took a path."""
    share, capacity_of = situation.settings.policy.share, situation.traffic.capacity_of
    on_it = [
        each
        for each in relays
        if (capacity := capacity_of(each)) is not None
        and situation.load[each] + _more(situation, pair, each) > capacity * share
    ]
    if on_it or not situation.traffic.capacities or not carries_others(situation.reroutes, pair):
        return on_it
    most = {each.cluster: each.packets_per_s * share for each in situation.traffic.capacities}
    # To count the packets of other pairs that go on over this path takes long.
    load = situation.after(Move(pair.a, pair.b, relays, "", 0, situation.lanes)).load
    return [each for each in most if load[each] > most[each] and load[each] > situation.load[each]]


def _more(situation: Situation, pair: DirectPath, relay: str) -> int:
    """Packets a second of the pair itself that a relay would get with the lanes under consideration: none that count
    there already."""
    told = situation.in_force.get(pair.ends)
    if relay in situation.relays_of(pair):
        return 0
    packets = situation.traffic.of_pair(pair.a, pair.b)
    return sum(packets[lane] for lane in situation.lanes if told is None or relay not in told[lane])
