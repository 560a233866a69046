"""What sets each policy apart, on situations made by hand; what all share is tested as failover in `test_policy.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

import pytest
from controller_samples import all_clean, broken, mesh, six, triangle

from controller.decisions import Kept
from controller.health import Health, ObservedRelay, RelayHealth, State
from controller.moves import ALL_LANES, NO_REROUTES, LaneReroutes, Move, PolicyDecision, Relays, after_in_lanes
from controller.policies import POLICIES
from controller.reviews import reviews
from controller.settings import ControllerSettings, PolicyChoice, PolicyName
from controller.situation import Situation
from controller.traffic import PairTraffic, RelayCapacity, Traffic
from hostio.timing import S
from topologies.model import Direction, Topology

NOW = 1000 * S
FAULT = "east→west: no probe for 251 ms"


FOUR = mesh("east", "ohio", "west", "northwest")
"""Detours east-west: 33 ms over ohio, 41 over northwest."""


def cut(*links: tuple[str, str], state: State = "down") -> dict[Direction, Health]:
    return {Direction(*ends): broken(state=state) for link in links for ends in (link, link[::-1])}


def situation(
    policy: PolicyChoice,
    topology: Topology,
    bad: Mapping[Direction, Health],
    by_lane: LaneReroutes = NO_REROUTES,
    traffic: Traffic | None = None,
    pace_ns: int = 0,
) -> Situation:
    health = {**all_clean(topology, NOW), **bad}
    chosen = ControllerSettings(policy=policy, pace_ns=pace_ns)
    return Situation(
        topology, health, {}, by_lane[0], chosen, NOW, by_lane=by_lane, traffic=traffic or Traffic(), in_force={}
    )


def decided(now: Situation) -> list[PolicyDecision]:
    return POLICIES[now.settings.policy.name](now)


def paths(decisions: list[PolicyDecision]) -> dict[Relays, tuple[int, ...]]:
    """Of the moves between east and west: the lanes of each path."""
    moves = [each for each in decisions if isinstance(each, Move) and {each.a, each.b} == {"east", "west"}]
    return {each.relays: each.lanes for each in moves}


def made(decisions: list[PolicyDecision]) -> LaneReroutes:
    by_lane = NO_REROUTES
    for each in decisions:
        by_lane = after_in_lanes(each, by_lane) if isinstance(each, Move) else by_lane
    return by_lane


def test_every_policy_has_its_word() -> None:
    assert set(POLICIES) == set(get_args(PolicyName))


@pytest.mark.parametrize("name", get_args(PolicyName))
def test_no_policy_moves_anything_where_all_is_clean_or_something_unknown(name: PolicyName) -> None:
    choice = PolicyChoice(name)
    assert decided(situation(choice, six(), {})) == []
    unknown = {Direction("east", "central"): Health("unknown", 0, "no probe yet")}
    assert decided(situation(choice, six(), unknown)) == []
    kept = decided(situation(choice, six(), {**cut(("east", "west")), **unknown}))
    why = "" if name == "direct-only" else f"nothing moves before the health of every link is known; {FAULT}"
    assert kept == ([Kept("east", "west", why, NOW)] if why else [])


@pytest.mark.parametrize("name", get_args(PolicyName))
def test_every_policy_says_why_a_pair_stays_on_a_bad_path(name: PolicyName) -> None:
    lossy_leg = {Direction("east", "central"): broken(state="degraded", since_ns=8)}
    (kept,) = [
        each
        for each in decided(situation(PolicyChoice(name), triangle(), {**cut(("east", "west")), **lossy_leg}))
        if {each.a, each.b} == {"east", "west"}
    ]
    assert isinstance(kept, Kept)
    start = "policy direct-only never reroutes; " if name == "direct-only" else "no detour: no relay is healthy and "
    assert kept.reason.startswith(start)
    assert kept.reason.endswith(f"; {FAULT}")


@pytest.mark.parametrize("name", sorted(set(get_args(PolicyName)) - {"direct-only"}))
def test_every_policy_that_reroutes_takes_the_shortest_detour_and_comes_back(name: PolicyName) -> None:
    """Detours east-west: 33 ms over ohio, central or south, 41 over northwest."""
    away = decided(situation(PolicyChoice(name), mesh("east", "northwest", "central", "west"), cut(("east", "west"))))
    assert sorted(paths(away).get(("central",), ())) == [*(range(0, 16, 2) if name == "spread" else ALL_LANES)]
    held_ns = ControllerSettings().hold_ns
    clean = replace(situation(PolicyChoice(name), triangle(), {}, made(away)), now_ns=NOW + held_ns)
    (back,) = decided(clean)
    assert isinstance(back, Move)
    assert (back.relays, sorted(back.lanes), back.reason) == ((), [*ALL_LANES], "clean for 3000 ms")


def test_direct_only_stays_and_takes_back_what_was_rerouted() -> None:
    choice = PolicyChoice("direct-only")
    assert decided(situation(choice, six(), cut(("east", "west")))) == [
        Kept("east", "west", f"policy direct-only never reroutes; {FAULT}", NOW)
    ]
    rerouted = after_in_lanes(Move("east", "west", ("ohio",), "", 0, (7,)), NO_REROUTES)
    (back,) = decided(situation(choice, six(), cut(("east", "west")), rerouted))
    assert isinstance(back, Move)
    assert (back.relays, back.lanes) == ((), ALL_LANES)


def test_spread_takes_the_best_relays_a_share_of_the_lanes_each() -> None:
    found = paths(decided(situation(PolicyChoice("spread", relays=3), six(), cut(("east", "west")))))
    assert found == {("ohio",): ALL_LANES[0::3], ("central",): ALL_LANES[1::3], ("south",): ALL_LANES[2::3]}


def test_spread_over_more_relays_than_there_are_takes_all_of_them() -> None:
    found = paths(decided(situation(PolicyChoice("spread", relays=16), six(), cut(("east", "west")))))
    assert {relays: len(lanes) for relays, lanes in found.items()} == dict.fromkeys(
        [("ohio",), ("central",), ("south",), ("northwest",)], 4
    )


def test_spread_moves_only_the_lanes_whose_relay_is_lost_to_one_that_has_none_of_the_pair() -> None:
    choice, bad = PolicyChoice("spread", relays=2), cut(("east", "west"))
    first = decided(situation(choice, six(), bad))
    assert paths(first) == {("ohio",): ALL_LANES[0::2], ("central",): ALL_LANES[1::2]}
    again = decided(situation(choice, six(), {**bad, **cut(("ohio", "west"))}, made(first)))
    assert paths(again) == {("south",): ALL_LANES[0::2]}


def test_spread_with_a_pace_gives_each_relay_its_lanes_over_that_time() -> None:
    moves = decided(situation(PolicyChoice("spread", relays=2), six(), cut(("east", "west")), pace_ns=16 * S))
    assert [(len(each.lanes), each.step_ns) for each in moves if isinstance(each, Move)] == [(8, 2 * S)] * 2


@pytest.mark.parametrize(
    ("choice", "pace_ns"), [(PolicyChoice("paced", pace_ns=32 * S), 0), (PolicyChoice("paced"), 32 * S)]
)
def test_paced_moves_lane_by_lane_onto_relays_and_all_at_once_back(choice: PolicyChoice, pace_ns: int) -> None:
    (away,) = decided(situation(choice, triangle(), cut(("east", "west")), pace_ns=pace_ns))
    assert isinstance(away, Move)
    assert (away.lanes, away.step_ns) == (ALL_LANES, 2 * S)
    lost = cut(("east", "central"))
    (back,) = [
        each
        for each in decided(situation(choice, triangle(), lost, made([away]), pace_ns=pace_ns))
        if {each.a, each.b} == {"east", "west"}
    ]
    assert isinstance(back, Move)
    assert (back.relays, back.step_ns) == ((), 0)


def test_of_detours_of_one_latency_paced_takes_the_one_with_the_least_load_and_failover_the_first() -> None:
    busy = Traffic((PairTraffic("ohio", "northwest", (50,) * 16), PairTraffic("south", "east", (9,) * 16)))
    for name, relay in (("failover", "ohio"), ("paced", "central")):
        now = situation(PolicyChoice(name), six(), cut(("east", "west")), traffic=busy)  # type: ignore[arg-type]
        assert [*paths(decided(now))] == [(relay,)]


def two_relays_of(ohio: int, northwest: int, *further: PairTraffic) -> Traffic:
    """What two relays may carry, in packets a second; every lane between east and west has 100."""
    capacities = (RelayCapacity("ohio", ohio), RelayCapacity("northwest", northwest))
    return Traffic((PairTraffic("east", "west", (100,) * 16), *further), capacities)


def test_headroom_fills_a_relay_to_its_share_then_the_next_and_leaves_the_rest() -> None:
    choice = PolicyChoice("headroom", share=0.5)
    decisions = decided(situation(choice, FOUR, cut(("east", "west")), traffic=two_relays_of(1000, 1398)))
    assert paths(decisions) == {("ohio",): ALL_LANES[:5], ("northwest",): ALL_LANES[5:11]}
    (kept,) = [each for each in decisions if isinstance(each, Kept)]
    why = "no headroom: no room below 50% of the packets/s stated of ohio 1000, northwest 1398"
    assert kept.reason == f"lanes 11–15: {why}; {FAULT}"


def test_headroom_counts_the_sessions_of_the_relay_s_own_cluster() -> None:
    own = two_relays_of(1000, 100_000, PairTraffic("northwest", "ohio", (40,) * 16))
    found = paths(decided(situation(PolicyChoice("headroom", share=1.0), FOUR, cut(("east", "west")), traffic=own)))
    assert found == {("ohio",): ALL_LANES[:3], ("northwest",): ALL_LANES[3:]}


def test_headroom_counts_lanes_that_have_not_left_a_relay_yet() -> None:
    """Eight lanes of 100 packets/s are on their way back from a relay that may carry 1600."""
    traffic = replace(two_relays_of(1600, 0), capacities=(RelayCapacity("central", 1600),))
    further = replace(traffic, pairs=(*traffic.pairs, PairTraffic("ohio", "west", (100,) * 16)))
    topology = mesh("east", "ohio", "central", "west")
    now = situation(PolicyChoice("headroom", share=1.0), topology, cut(("ohio", "west")), traffic=further)
    now = replace(now, settings=replace(now.settings, max_relays=1))
    bad = {**now.links, **cut(("ohio", "east"))}
    lanes_there: tuple[Relays, ...] = (*((("central",),) * 8), *(((),) * 8))
    for in_force, room in (({}, 16), ({Direction("east", "west"): lanes_there}, 8)):
        moves = decided(replace(now, links=bad, in_force=in_force))
        assert sum(len(each.lanes) for each in moves if isinstance(each, Move) and each.b == "west") == room


def test_headroom_counts_what_other_pairs_send_on_over_the_same_way() -> None:
    """East's lanes for west go over ohio already, and so over whatever relay ohio's own lanes for west take: 8 of these
    are 200 packets/s each with what they bring along, and no more than 1600 fit."""
    traffic = Traffic(
        (PairTraffic("east", "west", (100,) * 16), PairTraffic("ohio", "west", (100,) * 16)),
        (RelayCapacity("northwest", 1600),),
    )
    by_lane = after_in_lanes(Move("east", "west", ("ohio",), "", 0), NO_REROUTES)
    bad = cut(("east", "west"), ("ohio", "west"), ("east", "northwest")) | cut(("east", "ohio"), state="degraded")
    now = situation(PolicyChoice("headroom", share=1.0), FOUR, bad, by_lane, traffic)
    moves = [each for each in decided(now) if isinstance(each, Move) and {each.a, each.b} == {"ohio", "west"}]
    assert [(each.relays, len(each.lanes)) for each in moves] == [(("northwest",), 8)]


def test_headroom_without_stated_capacities_is_failover_but_for_detours_of_one_latency() -> None:
    traffic = Traffic((PairTraffic("east", "west", (9999,) * 16),))
    choice = PolicyChoice("headroom")
    assert paths(decided(situation(choice, FOUR, cut(("east", "west")), traffic=traffic))) == {("ohio",): ALL_LANES}
    alike = paths(decided(situation(choice, six(), cut(("east", "west")), traffic=traffic)))
    assert {relays: len(lanes) for relays, lanes in alike.items()} == {("ohio",): 6, ("central",): 5, ("south",): 5}


def test_headroom_leaves_lanes_on_a_relay_that_moves_nothing_only_where_nothing_else_has_room() -> None:
    choice, bad, traffic = PolicyChoice("headroom", share=1.0), cut(("east", "west")), two_relays_of(1600, 500)
    over_ohio = made(decided(situation(choice, FOUR, bad, traffic=traffic)))
    stuck = {ObservedRelay("east", "ohio"): RelayHealth(broken("no canary for 512 ms"), NOW)}
    again = decided(replace(situation(choice, FOUR, bad, over_ohio, traffic), relays=stuck))
    assert paths(again) == {("northwest",): ALL_LANES[:5]}
    (kept,) = [each for each in again if isinstance(each, Kept)]
    assert kept.reason.startswith("lanes 5–15: no headroom: ")
    assert kept.reason.endswith("; relay ohio, to east: no canary for 512 ms")


def test_a_pair_is_reviewed_once_for_each_path_of_its_lanes() -> None:
    choice, bad = PolicyChoice("spread", relays=2), cut(("east", "west"))
    by_lane = made(decided(situation(choice, six(), bad)))
    assert sorted(each.via for each in reviews(situation(choice, six(), bad, by_lane))) == ["central", "ohio"]


def test_rerouting_that_is_switched_off_is_off_under_every_policy() -> None:
    for name in get_args(PolicyName):
        now = situation(PolicyChoice(name), six(), cut(("east", "west")))
        decisions = decided(replace(now, settings=replace(now.settings, reroute=False)))
        assert [type(each) for each in decisions] == [Kept]
