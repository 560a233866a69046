"""The policy prewarm: relays load the records first, and lanes wait for that no longer than they may."""

from __future__ import annotations

from dataclasses import replace

import pytest
from controller_samples import mesh
from engine_bench import TICK, Bench, both

from controller.decisions import Kept
from controller.engine import Engine
from controller.loading import REPEAT_NS
from controller.moves import ALL_LANES
from controller.settings import ControllerSettings, PolicyChoice
from controller.traffic import PairTraffic, Traffic
from hostio.timing import MS, S
from relay_app.coverage_report import CoverageReport
from relay_app.load_order import LoadOrder
from topologies.model import Topology

FOUR = mesh("east", "ohio", "west", "northwest")
"""Detours east-west: 33 ms over ohio, 41 over northwest."""
SETTINGS = ControllerSettings(
    hold_ns=500 * MS,
    detect=("link", "relay-cache"),
    policy=PolicyChoice("prewarm", patience_ns=2500 * MS),
    max_relays=1,
)
EAST_WEST = (1, 3)
ORDER = LoadOrder(2, EAST_WEST, ALL_LANES)
RECORDS = 200
TRAFFIC = Traffic((PairTraffic("east", "west", (10,) * 16, RECORDS),))


class Prewarming(Bench):
    """Running clean for a second, then cut between east and west for as long as it takes to see it."""

    def __init__(self, topology: Topology = FOUR, settings: ControllerSettings = SETTINGS) -> None:
        super().__init__(topology, settings)
        self.engine = Engine(topology, settings, traffic=TRAFFIC)
        self.connect()
        self.run(1 * S)

    def cut_until_ordered(self) -> None:
        self.cut = both("east", "west")
        while not self.orders:
            assert self.now_ns < 3 * S
            self.run(TICK)

    def tell(self, relay: int, records: int) -> None:
        self.engine.cover(CoverageReport(relay, self.now_ns, {EAST_WEST: records}))

    def detours(self) -> set[tuple[str, ...]]:
        return {tuple(self.relays_passed("east", "west", lane)) for lane in ALL_LANES}


def test_lanes_wait_until_the_relay_tells_that_it_has_every_record() -> None:
    bench = Prewarming()
    bench.cut_until_ordered()
    ordered_ns = bench.now_ns
    for records in (0, RECORDS // 2, RECORDS - 1):
        bench.tell(2, records)
        bench.run(200 * MS)
        assert bench.detours() == {()}
    bench.tell(2, RECORDS)
    bench.run(TICK)
    assert bench.detours() == {("ohio",)}
    assert [order for _, order in bench.orders] == [ORDER]
    (decision,) = bench.decisions()
    assert decision.decided_ns == bench.now_ns
    waited_ms = (bench.now_ns - ordered_ns) / MS
    assert decision.reason.endswith(f"; ohio had 100% of the records after {waited_ms:.0f} ms")
    (kept,) = [each for each in bench.records if isinstance(each, Kept)]
    assert kept.reason.startswith("waits for ohio to load its session records; east")
    assert kept.at_ns == ordered_ns


def test_a_relay_that_has_them_already_is_not_waited_for() -> None:
    bench = Prewarming()
    bench.tell(2, RECORDS)
    bench.cut = both("east", "west")
    bench.run(500 * MS)
    assert bench.detours() == {("ohio",)}
    assert bench.orders == []
    assert "records" not in bench.decisions()[0].reason


def test_they_move_all_the_same_once_their_patience_is_over_and_the_order_is_repeated_meanwhile() -> None:
    bench = Prewarming()
    bench.cut_until_ordered()
    ordered_ns = bench.now_ns
    bench.run(SETTINGS.policy.patience_ns - TICK)
    assert bench.detours() == {()}
    bench.run(TICK)
    assert bench.detours() == {("ohio",)}
    assert bench.decisions()[0].reason.endswith("; ohio had 0% of the records after 2500 ms")
    assert bench.orders == [(ordered_ns + number * REPEAT_NS, ORDER) for number in range(3)]


def test_a_link_that_is_clean_again_ends_the_wait() -> None:
    bench = Prewarming()
    bench.cut_until_ordered()
    bench.cut = set()
    bench.run(2 * S)
    ordered = len(bench.orders)
    bench.run(4 * S)
    assert bench.detours() == {()}
    assert bench.decisions() == []
    assert len(bench.orders) == ordered


def test_the_wait_counts_anew_for_the_next_fault_but_not_for_another_relay() -> None:
    bench = Prewarming()
    bench.cut_until_ordered()
    bench.run(1 * S)
    bench.cut |= both("east", "ohio")
    bench.run(SETTINGS.policy.patience_ns - 1 * S)
    assert bench.detours() == {("northwest",)}
    assert {order.relay for _, order in bench.orders} == {2, 4}


@pytest.mark.parametrize("told", [False, True])
def test_a_path_over_two_relays_waits_for_the_pairs_on_which_it_rests(told: bool) -> None:
    """East and west have no common neighbour: ohio sends on to west over northwest, once that is its own detour."""
    bench = Prewarming(settings=replace(SETTINGS, max_relays=2))
    bench.engine = Engine(
        FOUR,
        replace(SETTINGS, max_relays=2),
        traffic=Traffic((*TRAFFIC.pairs, PairTraffic("ohio", "west", (10,) * 16, 50))),
    )
    bench.connect()
    bench.run(1 * S)
    for relay in (2, 4):
        bench.tell(relay, RECORDS)
    bench.cut = both("east", "west") | both("ohio", "west") | both("east", "northwest")
    bench.run(1 * S)
    assert bench.detours() == {()}
    if told:
        bench.engine.cover(CoverageReport(4, bench.now_ns, {EAST_WEST: RECORDS, (2, 3): 50}))
        bench.run(100 * MS)
    assert bench.detours() == ({("ohio", "northwest")} if told else {()})
