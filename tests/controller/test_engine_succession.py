from __future__ import annotations

import pytest
from controller_samples import six, triangle
from engine_bench import FAST, Bench, started

from controller.decisions import Review
from controller.messages import (
    SwitchConnected,
)
from controller.settings import ControllerSettings, PolicyChoice
from hostio.timing import MS, S
from topologies.model import Direction


def found_by_the_next(bench: Bench) -> Bench:
    """A new controller at the same switches, which tell it what they have in force."""
    successor = Bench(bench.topology, bench.settings)
    successor.tables, successor.now_ns, successor.cut = dict(bench.tables), bench.now_ns + 2 * S, bench.cut
    for cluster in bench.topology.clusters:
        rules = tuple(rule for key, rule in bench.tables.items() if key[0] == cluster.ordinal)
        successor.perform(successor.engine.handle(SwitchConnected(cluster.ordinal, rules), successor.now_ns))
    return successor


def rerouted(settings: ControllerSettings = FAST) -> Bench:
    bench = started(triangle(), settings)
    bench.cut = {Direction("east", "west")}
    bench.run(1 * S)
    return bench


def test_a_new_controller_takes_up_the_reroutes_that_are_in_force_and_takes_them_back_in_time() -> None:
    bench = found_by_the_next(rerouted())
    assert [(record.a, record.b, record.via) for record in bench.records if isinstance(record, Review)] == [
        ("east", "west", "central")
    ]
    for _ in range(3):
        assert bench.relays_passed("east", "west", 7) == ["central"]
        bench.run(1 * S)
    assert bench.decisions() == []
    bench.cut = set()
    bench.run(2 * S)
    assert [(move.via, len(move.lanes)) for move in bench.decisions()] == [(None, 16)]
    assert bench.relays_passed("east", "west", 7) == []


def test_half_a_reroute_is_taken_away_by_a_new_controller() -> None:
    before = rerouted()
    lane_3 = [key for key, rule in before.tables.items() if key[0] == 3 and dict(rule.match).get("udp_dst") == 40003]
    del before.tables[lane_3[0]]
    before.cut = set()
    bench = found_by_the_next(before)
    for source, destination in (("east", "west"), ("west", "east")):
        assert bench.relays_passed(source, destination, 3) == []
        assert bench.relays_passed(source, destination, 4) == ["central"]
    bench.run(2 * S)
    for lane in range(16):
        assert bench.relays_passed("east", "west", lane) == []
        assert bench.relays_passed("west", "east", lane) == []


def test_a_paced_move_goes_on_under_a_new_controller() -> None:
    before = rerouted(ControllerSettings(hold_ns=500 * MS, pace_ns=4 * S))
    begun = sum(before.relays_passed("east", "west", lane) == ["central"] for lane in range(16))
    assert 0 < begun < 16
    bench = found_by_the_next(before)
    assert sum(bench.relays_passed("east", "west", lane) == ["central"] for lane in range(16)) == begun
    bench.run(5 * S)
    assert all(bench.relays_passed("east", "west", lane) == ["central"] for lane in range(16))


def test_a_switch_that_had_nothing_gets_the_direct_paths_only() -> None:
    bench = found_by_the_next(Bench(triangle()))
    assert bench.records == []
    assert all(rule.priority == 100 for rule in bench.tables.values())


@pytest.mark.parametrize(("choice", "relays"), [(PolicyChoice("spread", relays=3), 3), (PolicyChoice("headroom"), 1)])
def test_a_new_controller_leaves_each_lane_on_its_relay(choice: PolicyChoice, relays: int) -> None:
    before = started(six(), ControllerSettings(hold_ns=500 * MS, policy=choice))
    before.cut = {Direction("east", "west")}
    before.run(1 * S)
    over = [before.relays_passed("east", "west", lane) for lane in range(16)]
    assert len({*map(tuple, over)}) == relays
    bench = found_by_the_next(before)
    bench.run(2 * S)
    assert [bench.relays_passed("east", "west", lane) for lane in range(16)] == over
    assert bench.decisions() == []
    bench.cut = set()
    bench.run(2 * S)
    assert all(bench.relays_passed("east", "west", lane) == [] for lane in range(16))


def test_direct_only_takes_back_what_an_earlier_controller_had_rerouted() -> None:
    before = rerouted()
    before.settings = ControllerSettings(policy=PolicyChoice("direct-only"))
    bench = found_by_the_next(before)
    bench.run(1 * S)
    assert [bench.relays_passed("east", "west", lane) for lane in range(16)] == [[]] * 16
