from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import pytest
from controller_samples import all_clean, broken, mesh, six, triangle
from engine_bench import both
from every import every

from controller.decisions import Kept
from controller.health import Health, ObservedRelay, RelayHealth, State
from controller.moves import Move, Pair, after
from controller.policies.failover import failover
from controller.reviews import reviews
from controller.settings import ControllerSettings
from controller.situation import Situation
from hostio.timing import MS, S
from topologies.model import Direction, Topology

HOLD = ControllerSettings().hold_ns
EAST_WEST = Pair(("east", "west"))
NO_DETOUR = "no detour: no relay is healthy and has two clean legs, nor do two relays have three"


def situation(
    topology: Topology,
    bad: Mapping[Direction, Health] | None = None,
    reroutes: Mapping[Pair, str] | None = None,
    settings: ControllerSettings | None = None,
    now_ns: int = 1000 * S,
    relays: Mapping[ObservedRelay, RelayHealth] | None = None,
) -> Situation:
    health = {**all_clean(topology, now_ns - S), **(bad or {})}
    either_way = {Direction(*ends): via for pair, via in (reroutes or {}).items() for ends in permutations(pair)}
    return Situation(topology, health, relays or {}, either_way, settings or ControllerSettings(), now_ns)


def cut(*links: tuple[str, str]) -> dict[Direction, Health]:
    return {Direction(*ends): broken() for link in links for ends in (link, link[::-1])}


def test_all_clean_wants_nothing() -> None:
    assert failover(situation(six())) == []


@pytest.mark.parametrize("state", ["degraded", "down"])
@pytest.mark.parametrize("direction", [Direction("east", "west"), Direction("west", "east")])
def test_one_bad_direction_moves_the_pair(direction: Direction, state: str) -> None:
    health = Health("down" if state == "down" else "degraded", 7, "port down")
    (move,) = failover(situation(triangle(), {direction: health}))
    assert move == Move("east", "west", ("central",), f"{direction}: port down", 7)


def test_the_reason_is_the_direction_that_failed_first() -> None:
    bad = {Direction("east", "west"): broken(since_ns=9), Direction("west", "east"): broken("port down", since_ns=8)}
    (move,) = failover(situation(triangle(), bad))
    assert isinstance(move, Move)
    assert (move.reason, move.seen_ns) == ("west→east: port down", 8)


def test_the_shortest_detour_wins_and_the_cluster_order_breaks_a_tie() -> None:
    """Detours east-west: 33 ms over ohio, central or south, 41 over northwest."""
    (move,) = failover(situation(six(), cut(("east", "west"))))
    assert isinstance(move, Move)
    assert move.relays == ("ohio",)
    (move,) = failover(situation(mesh("east", "northwest", "central", "west"), cut(("east", "west"))))
    assert isinstance(move, Move)
    assert move.relays == ("central",)


@pytest.mark.parametrize("leg", [("east", "ohio"), ("ohio", "east"), ("ohio", "west"), ("west", "ohio")])
def test_a_relay_needs_all_four_directions_clean(leg: tuple[str, str]) -> None:
    moves = failover(situation(six(), {**cut(("east", "west")), Direction(*leg): broken(state="degraded")}))
    (move,) = [move for move in moves if {move.a, move.b} == EAST_WEST]
    assert isinstance(move, Move)
    assert move.relays == ("central",)


def test_a_relay_whose_leg_is_rerouted_is_passed_over() -> None:
    reroutes = {Pair(("east", "ohio")): "central"}
    (move,) = failover(situation(six(), cut(("east", "west")), reroutes))
    assert isinstance(move, Move)
    assert move.relays == ("central",)


def test_the_present_relay_is_kept_even_if_another_is_shorter() -> None:
    assert failover(situation(six(), cut(("east", "west")), {EAST_WEST: "northwest"})) == []


def test_another_relay_when_a_leg_of_the_present_goes_bad() -> None:
    bad = {**cut(("east", "west")), Direction("ohio", "west"): broken("port down")}
    moves = failover(situation(six(), bad, {EAST_WEST: "ohio"}))
    assert Move("east", "west", ("central",), "ohio→west: port down", 7) in moves


def test_another_relay_when_a_leg_of_the_present_is_itself_rerouted() -> None:
    now = situation(six(), cut(("east", "west")), {EAST_WEST: "ohio", Pair(("ohio", "west")): "south"})
    assert Move("east", "west", ("central",), "a leg via ohio is itself rerouted", now.now_ns) in failover(now)


def test_no_relay_left_keeps_the_pair_where_it_is() -> None:
    bad = {**cut(("east", "west")), Direction("east", "central"): broken("loss 30 %", "degraded", since_ns=6)}
    (lossy, direct) = failover(situation(triangle(), bad))
    assert lossy == Kept("east", "central", f"{NO_DETOUR}; east→central: loss 30 %", 1000 * S)
    assert direct == Kept("east", "west", f"{NO_DETOUR}; east→west: no probe for 251 ms", 1000 * S)
    (stuck, _) = failover(situation(triangle(), bad, {EAST_WEST: "central"}))[::-1]
    assert stuck == Kept("east", "west", f"{NO_DETOUR}; east→central: loss 30 %", 1000 * S)


def test_two_relays_are_not_thought_of_where_only_one_is_allowed() -> None:
    one = ControllerSettings(max_relays=1)
    bad = {**cut(("east", "west")), Direction("east", "central"): broken(state="degraded")}
    decisions = failover(situation(triangle(), bad, settings=one))
    kept = [each for each in decisions if isinstance(each, Kept)]
    assert kept == decisions
    assert every("no detour: no relay is healthy and has two clean legs; " in each.reason for each in kept)


def test_an_isolated_cluster_is_not_detoured() -> None:
    topology = six()
    bad = cut(*(("east", name) for name in ("ohio", "central", "south", "west", "northwest")))
    kept = [each for each in failover(situation(topology, bad)) if isinstance(each, Kept)]
    assert len(kept) == 5
    told = "no detour: east is isolated: it hears nobody, and nobody hears it; east→"
    assert every(each.reason.startswith(told) for each in kept)


def test_switched_off_is_said() -> None:
    (kept,) = failover(situation(triangle(), cut(("east", "west")), settings=ControllerSettings(reroute=False)))
    assert kept == Kept("east", "west", "rerouting is switched off; east→west: no probe for 251 ms", 1000 * S)


def test_unknown_anywhere_is_not_yet_the_time_to_move() -> None:
    bad = {**cut(("east", "west")), Direction("east", "central"): Health("unknown", 0, "no probe yet")}
    text = "nothing moves before the health of every link is known; east→west: no probe for 251 ms"
    assert failover(situation(triangle(), bad)) == [Kept("east", "west", text, 1000 * S)]
    starting = {Direction("east", "central"): Health("unknown", 0, "no probe yet")}
    assert failover(situation(triangle(), starting)) == []


def test_returns_after_both_directions_were_clean_for_the_hold_time() -> None:
    since = {Direction("east", "west"): 5 * S, Direction("west", "east"): 6 * S}
    healed = {direction: Health("clean", since_ns, "") for direction, since_ns in since.items()}
    reroutes = {EAST_WEST: "central"}
    assert failover(situation(triangle(), healed, reroutes, now_ns=6 * S + HOLD - 1)) == []
    (move,) = failover(situation(triangle(), healed, reroutes, now_ns=6 * S + HOLD))
    assert move == Move("east", "west", (), "clean for 3000 ms", 6 * S)


def test_one_direction_still_bad_stays_rerouted() -> None:
    bad = {Direction("west", "east"): broken()}
    assert failover(situation(triangle(), bad, {EAST_WEST: "central"})) == []


def test_returns_early_when_the_relay_is_lost_and_the_direct_link_is_clean() -> None:
    bad = {Direction("east", "central"): broken()}
    moves = failover(situation(triangle(), bad, {EAST_WEST: "central"}))
    reason = "east→central: no probe for 251 ms; the direct link is clean"
    assert Move("east", "west", (), reason, 7) in moves


def test_a_return_frees_its_link_as_a_leg_in_the_same_breath() -> None:
    bad = cut(("east", "ohio"))
    health = {
        Direction("east", "central"): Health("clean", 0, ""),
        Direction("central", "east"): Health("clean", 0, ""),
    }
    moves = failover(situation(mesh("east", "ohio", "central"), {**bad, **health}, {Pair(("east", "central")): "ohio"}))
    assert [(move.a, move.b, move.relays) for move in moves if isinstance(move, Move)] == [
        ("east", "central", ()),
        ("east", "ohio", ("central",)),
    ]


@pytest.mark.parametrize(("extra_ms", "moves"), [(60, True), (2, False)])
def test_a_link_that_is_only_late_is_not_left_for_a_way_that_is_later(extra_ms: int, *, moves: bool) -> None:
    """Direct 2 × 32 ms; over central 2 × (16 + 17) ms, which is 2 ms more."""
    late = {Direction("east", "west"): Health("degraded", 7, "median delay", extra_ms * MS)}
    (decision,) = failover(situation(triangle(), late))
    slower = "no detour: each is slower than the direct link is now; east→west: median delay"
    assert isinstance(decision, Move) if moves else isinstance(decision, Kept) and decision.reason == slower
    down = {Direction("west", "east"): broken()}
    (decision,) = failover(situation(triangle(), {**late, **down}))
    assert isinstance(decision, Move), "a way that is later is better than none"


def test_after_adds_replaces_and_removes() -> None:
    first = after(Move("east", "west", ("ohio",), "", 0), {})
    assert first == dict.fromkeys(both("east", "west"), "ohio")
    assert after(Move("west", "east", ("south",), "", 0), first) == dict.fromkeys(both("east", "west"), "south")
    assert after(Move("east", "west", ("ohio", "south"), "", 0), first) == {
        Direction("east", "west"): "ohio",
        Direction("west", "east"): "south",
    }
    assert after(Move("east", "west", (), "", 0), first) == {}


def relay(
    observer: str, name: str, state: State = "down", last_unhealthy_ns: int | None = None
) -> dict[ObservedRelay, RelayHealth]:
    return {ObservedRelay(observer, name): RelayHealth(broken("no canary for 512 ms", state), last_unhealthy_ns)}


UNHEALTHY = relay("west", "ohio", last_unhealthy_ns=1000 * S)


def test_an_unhealthy_relay_is_left_for_the_direct_link_before_another_relay_that_may_be_as_cold() -> None:
    (move,) = failover(situation(six(), reroutes={EAST_WEST: "ohio"}, relays=UNHEALTHY))
    reason = "relay ohio, to west: no canary for 512 ms; the direct link is clean"
    assert move == Move("east", "west", (), reason, 7)


def test_an_unhealthy_relay_is_left_for_another_while_the_direct_link_is_down() -> None:
    (move,) = failover(situation(six(), cut(("east", "west")), {EAST_WEST: "ohio"}, relays=UNHEALTHY))
    assert move == Move("east", "west", ("central",), "relay ohio, to west: no canary for 512 ms", 7)


def test_a_lossy_direct_link_is_better_than_a_relay_that_moves_nothing() -> None:
    bad = {Direction("east", "west"): broken("loss 30 %", "degraded")}
    unhealthy = relay("east", "central", last_unhealthy_ns=1000 * S)
    (move,) = failover(situation(triangle(), bad, {EAST_WEST: "central"}, relays=unhealthy))
    assert isinstance(move, Move)
    assert (move.relays, move.reason.split("; ")[1]) == ((), "the direct link carries something")


def test_an_unhealthy_relay_is_kept_where_there_is_nothing_else() -> None:
    unhealthy = relay("east", "central", last_unhealthy_ns=1000 * S)
    (kept,) = failover(situation(triangle(), cut(("east", "west")), {EAST_WEST: "central"}, relays=unhealthy))
    assert isinstance(kept, Kept)
    assert kept.reason.startswith("no detour: no other relay is healthy and has two clean legs, ")
    assert "; relay central, to east: " in kept.reason


@pytest.mark.parametrize("state", ["unknown", "clean"])
def test_what_is_not_known_to_be_unhealthy_is_used(state: State) -> None:
    (move,) = failover(situation(triangle(), cut(("east", "west")), relays=relay("east", "central", state)))
    assert isinstance(move, Move)


def test_a_relay_is_held_down_for_the_hold_time_after_it_was_unhealthy() -> None:
    was_unhealthy = relay("east", "ohio", "clean", last_unhealthy_ns=1000 * S - HOLD + 1)
    (move,) = failover(situation(six(), cut(("east", "west")), relays=was_unhealthy))
    assert isinstance(move, Move)
    assert move.relays == ("central",)
    healthy = relay("east", "ohio", "clean", last_unhealthy_ns=1000 * S - HOLD)
    (move,) = failover(situation(six(), cut(("east", "west")), relays=healthy))
    assert isinstance(move, Move)
    assert move.relays == ("ohio",)


def test_a_check_says_why_traffic_stays() -> None:
    watched = relay("east", "central", "clean")
    (check,) = reviews(situation(triangle(), cut(("east", "west")), {EAST_WEST: "central"}, relays=watched))
    assert check.reason == "both legs are clean; the relay is healthy; the direct link is not clean"
    assert reviews(situation(triangle(), cut(("east", "west")))) == []
