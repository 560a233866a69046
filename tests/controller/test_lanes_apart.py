"""Lanes of pairs with sessions have rules of their own from the start, on simulated switches."""

from __future__ import annotations

import pytest
from controller_samples import triangle
from engine_bench import FAST, Bench, started

from controller.messages import SwitchConnected
from controller.settings import ControllerSettings, PolicyChoice
from controller.traffic import PairTraffic, Traffic
from hostio.timing import MS, S
from topologies.model import Direction

CALLS = Traffic((PairTraffic("east", "west", (50,) * 16),))
ALL_CALLS = Traffic(tuple(PairTraffic(*ends, (50,) * 16) for ends in (("east", "west"), ("central", "east"))))


def own_rules(bench: Bench) -> set[tuple[int, int | str, int | str]]:
    """Of the lanes: switch, destination and port."""
    fields = [(key[0], dict(rule.match)) for key, rule in bench.tables.items() if rule.priority == 150]
    return {(switch, match["ipv4_dst"], match["udp_dst"]) for switch, match in fields}


def of_lanes(switch: int, towards: int) -> set[tuple[int, str, int]]:
    return {(switch, f"10.0.0.{towards}", 40000 + lane) for lane in range(16)}


def test_a_reroute_and_its_end_leave_the_table_as_it_was_and_no_lane_without_its_own_rule() -> None:
    bench = started(triangle(), traffic=CALLS)
    before = dict(bench.tables)
    assert own_rules(bench) == of_lanes(1, 3) | of_lanes(3, 1)
    assert bench.relays_passed("east", "west", 7) == []
    bench.cut = {Direction("east", "west")}
    bench.run(1 * S)
    assert bench.relays_passed("east", "west", 7) == ["central"]
    assert own_rules(bench) == of_lanes(1, 3) | of_lanes(3, 1)
    bench.cut = set()
    bench.run(2 * S)
    assert bench.tables == before


def test_a_switch_that_connects_again_gets_them_again() -> None:
    bench = started(triangle(), traffic=CALLS)
    before = dict(bench.tables)
    bench.tables = {key: rule for key, rule in bench.tables.items() if key[0] != 3}
    bench.perform(bench.engine.handle(SwitchConnected(3), bench.now_ns))
    assert bench.tables == before


@pytest.mark.parametrize(
    ("settings", "apart"),
    [
        (FAST, of_lanes(1, 2) | of_lanes(2, 1) | of_lanes(1, 3) | of_lanes(3, 1)),
        (
            ControllerSettings(policy=PolicyChoice("spread")),
            of_lanes(1, 2) | of_lanes(2, 1) | of_lanes(1, 3) | of_lanes(3, 1),
        ),
        (ControllerSettings(reroute=False), set()),
        (ControllerSettings(policy=PolicyChoice("direct-only")), set()),
    ],
    ids=["failover", "spread", "no reroutes", "direct only"],
)
def test_lanes_that_never_move_need_none(settings: ControllerSettings, apart: set[tuple[int, str, int]]) -> None:
    bench = Bench(triangle(), settings, traffic=ALL_CALLS)
    bench.connect()
    assert own_rules(bench) == apart


def test_lanes_with_groups_have_their_rule_already() -> None:
    bench = Bench(triangle(), ControllerSettings(detect=("bfd",), hold_ns=500 * MS), traffic=CALLS)
    bench.connect()
    rules = [rule for rule in bench.tables.values() if rule.priority == 150]
    assert len(rules) == 3 * 2 * 16
    assert [rule.output for rule in rules] == [None] * len(rules)
