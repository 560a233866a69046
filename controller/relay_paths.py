"""Over which relays packets really go, given who is rerouted, and how many a second by the plan. Pure.

A relay sends on as its own cluster does: a pair goes over a further relay where the way from its relay is rerouted too,
which no policy plans but a policy that finds nothing better leaves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TypeAlias

from controller.moves import ALL_LANES, LaneReroutes, Relays, Reroutes, relays_between
from controller.traffic import Traffic
from topologies.model import Direction, DirectPath

LaneLoads: TypeAlias = tuple[Counter[str], ...]
"""Packets a second by relay, of each lane."""


def relays_in(reroutes: Reroutes, pair: DirectPath) -> Relays:
    """The relays on a pair's path, or on that of its way there alone."""
    if not pair.one_way:
        return relays_between(pair.a, pair.b, reroutes)
    relay = reroutes.get(pair.ends)
    return () if relay is None else (relay,)


def relays_passed(reroutes: Reroutes, source: str, destination: str) -> Relays:
    """The clusters whose relays packets pass between two others; of a loop, each once."""
    passed: Relays = ()
    at = source
    while (relay := reroutes.get(Direction(at, destination))) is not None and relay not in passed:
        passed, at = (*passed, relay), relay
    return passed


def carries_others(reroutes: Reroutes, pair: DirectPath) -> bool:
    """Packets between one end of a pair and a third cluster are rerouted over the other end, and go on from there as
    the pair's own do."""
    return any(relay in pair.ends and ends.destination in pair.ends for ends, relay in reroutes.items())


def loop_of(reroutes: Reroutes, source: str, destination: str) -> Relays:
    """The clusters that send packets for a destination to one another for ever, once they come there from a source."""
    passed = [source]
    while (relay := reroutes.get(Direction(passed[-1], destination))) is not None:
        if relay in passed:
            return tuple(passed[passed.index(relay) :])
        passed.append(relay)
    return ()


def lane_load(lane: int, reroutes: Reroutes, told: Reroutes, traffic: Traffic) -> Counter[str]:
    """Packets a second of one lane by relay, over which they are to go (`reroutes`) or go still (`told`)."""
    load: Counter[str] = Counter()
    for a, b in {(min(ends), max(ends)) for ends in (*reroutes, *told)}:
        ways = (relays_passed(each, *way) for each in (reroutes, told) if each for way in ((a, b), (b, a)))
        load.update(dict.fromkeys({relay for way in ways for relay in way}, traffic.of_pair(a, b)[lane]))
    return load


def load_after(load: Mapping[str, int], before: LaneLoads, now: LaneLoads) -> Mapping[str, int]:
    """The load of every relay once the loads of some lanes have changed."""
    changed = dict(load)
    for old, new in zip(before, now, strict=True):
        for relay in {*old, *new} if new is not old else ():
            changed[relay] += new[relay] - old[relay]
    return changed


def told_reroutes(paths: Mapping[Direction, tuple[Relays, ...]], *, one_way: bool = False) -> LaneReroutes:
    """The reroutes of each lane, from the path of each lane of each pair; `one_way`: of each direction of each pair."""
    by_lane = [dict[Direction, str]() for _ in ALL_LANES]
    for pair, of_lanes in paths.items():
        for reroutes, relays in zip(by_lane, of_lanes, strict=True):
            if relays:
                reroutes.update({pair: relays[0]} if one_way else {pair: relays[0], pair.reversed(): relays[-1]})
    return tuple(by_lane)
