"""Flap damping: the table, the arithmetic of RFC 2439 by hand, and what a damped link means to a policy."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import get_args

import pytest
from controller_samples import all_clean, broken, triangle
from test_local_repair import both_ways, watching

from controller.damping import TRANSITIONS, Finding, Flapping, LinkDamping, Use, ceiling
from controller.decisions import Decision, HealthChange, Kept, Review
from controller.health import Health
from controller.policies.failover import failover
from controller.settings import ControllerSettings
from controller.situation import Situation
from hostio.timing import MS, S
from topologies.model import Direction

SETTINGS = ControllerSettings(damping=True)
"""Half-life 10 s, suppressed from 2000 on, used again below 750, never later than after 40 s."""

EAST_WEST = Direction("east", "west")


@pytest.mark.parametrize(("use", "finding"), list(product(get_args(Use), get_args(Finding))))
def test_the_whole_table(use: Use, finding: Finding) -> None:
    outcome: dict[Finding, Use] = {"high": "suppressed", "between": use, "low": "used"}
    assert TRANSITIONS[use, finding] == outcome[finding]


def test_a_penalty_halves_in_its_half_life_and_has_a_ceiling() -> None:
    once = Flapping().flapped(SETTINGS, 0)
    assert [once.decayed(SETTINGS, seconds * S) for seconds in (0, 10, 20, 30)] == [1000, 500, 250, 125]
    assert once.flapped(SETTINGS, 10 * S).penalty == 1500
    flapping = Flapping()
    for number in range(100):
        flapping = flapping.flapped(SETTINGS, number * MS)
    assert flapping.penalty == ceiling(SETTINGS) == 750 * 2**4
    assert flapping.decayed(SETTINGS, 99 * MS + SETTINGS.damping_longest_ns) == 750


def test_flaps_are_counted_anew_once_they_are_forgotten() -> None:
    flapping = Flapping().flapped(SETTINGS, 0).flapped(SETTINGS, 1 * S)
    assert flapping.flaps == 2
    assert flapping.flapped(SETTINGS, 60 * S).flaps == 1


def links(*, clean: bool, since_ns: int) -> dict[Direction, Health]:
    return all_clean(triangle()) | {EAST_WEST: Health("clean", since_ns, "") if clean else broken(since_ns=since_ns)}


def flap(damping: LinkDamping, at_ns: int) -> list[HealthChange]:
    """Down for a tenth of a second from then on."""
    down = damping.observe(links(clean=False, since_ns=at_ns), at_ns)
    return down + damping.observe(links(clean=True, since_ns=at_ns + 100 * MS), at_ns + 100 * MS)


def test_the_third_flap_in_a_row_is_one_too_many() -> None:
    """1000 × (1 + 2^-0.1 + 2^-0.2) = 2803.6, which falls to 750 in 10 s × log2(3.738) = 19.02 s after the last flap."""
    damping = LinkDamping(SETTINGS)
    damping.observe(all_clean(triangle()), 0)
    assert flap(damping, 1 * S) == flap(damping, 2 * S) == []
    (damped,) = flap(damping, 3 * S)
    reason = "flapped 3 times; its penalty of 2804 must fall below 750: not used until 19.0 s after the last flap"
    assert damped == HealthChange(*EAST_WEST, "clean", "damped", 3100 * MS, reason, "damping")
    now = links(clean=True, since_ns=3100 * MS)
    assert damping.applied(now)[EAST_WEST] == Health("damped", 3100 * MS, reason)
    assert damping.observe(now, 3 * S + 19_020 * MS) == []
    (again,) = damping.observe(now, 3 * S + 19_030 * MS)
    assert (again.before, again.after, again.reason) == ("damped", "clean", "its penalty is below 750")
    assert damping.applied(now) == now


def test_what_is_down_stays_down_and_what_comes_up_is_damped_still() -> None:
    damping = LinkDamping(SETTINGS)
    damping.observe(all_clean(triangle()), 0)
    for second in range(1, 4):
        flap(damping, second * S)
    assert damping.observe(links(clean=False, since_ns=4 * S), 4 * S) == []
    assert damping.applied(links(clean=False, since_ns=4 * S))[EAST_WEST] == broken(since_ns=4 * S)
    (damped,) = damping.observe(links(clean=True, since_ns=5 * S), 5 * S)
    assert (damped.after, damped.reason.split(";")[0]) == ("damped", "flapped 4 times")


@pytest.mark.parametrize("seed", range(5))
def test_no_link_is_out_of_use_for_longer_than_the_longest_time_after_its_last_flap(seed: int) -> None:
    random, damping, now_ns, last_ns = Random(f"flaps {seed}"), LinkDamping(SETTINGS), 0, 0
    damping.observe(all_clean(triangle()), 0)
    for _ in range(random.randint(3, 60)):
        last_ns = now_ns = now_ns + random.randint(200, 4000) * MS
        flap(damping, now_ns)
    calm = links(clean=True, since_ns=last_ns + 100 * MS)
    damping.observe(calm, last_ns + SETTINGS.damping_longest_ns + 1 * MS)
    assert damping.applied(calm) == calm


def test_a_pair_is_kept_off_its_damped_link_and_goes_back_to_it_where_there_is_nothing_else() -> None:
    damped = {EAST_WEST: Health("damped", 9 * S, "flapped 3 times")}
    over_central = dict.fromkeys((EAST_WEST, EAST_WEST.reversed()), "central")
    health = all_clean(triangle()) | damped
    rerouted = Situation(triangle(), health, {}, over_central, SETTINGS, 90 * S)
    assert failover(rerouted) == [
        Kept("east", "west", "damped: the direct link is clean, and not used; east→west: flapped 3 times", 90 * S)
    ]
    cut = health | {Direction("east", "central"): broken()}
    (back,) = [
        each for each in failover(Situation(triangle(), cut, {}, over_central, SETTINGS, 90 * S)) if each.b == "west"
    ]
    assert getattr(back, "relays", None) == ()


def test_a_link_that_flaps_is_left_alone_until_it_is_calm() -> None:
    """On simulated switches, with BFD: five flaps of 1 s in 20 s, without damping a return after each."""
    moved: dict[bool, list[tuple[str, ...]]] = {}
    for damping in (False, True):
        settings = ControllerSettings(detect=("bfd",), hold_ns=1 * S, damping=damping)
        bench = watching(triangle(), settings)
        for _ in range(5):
            bench.sessions("east", "west", up=False)
            bench.run(1 * S)
            bench.sessions("east", "west", up=True)
            bench.run(3 * S)
        told = [each for each in bench.records if isinstance(each, Kept | Review)]
        bench.run(30 * S)
        moved[damping] = [each.relays for each in bench.records if isinstance(each, Decision)]
        if damping:
            assert any(
                "damped: the direct link is clean, and not used; east→west: flapped 5 times" in each.reason
                for each in told
            )
        assert both_ways(bench, "east", "west") == [[]] * 32
    assert moved == {False: [("central",), ()] * 5, True: [("central",), ()] * 2 + [("central",), ()]}
