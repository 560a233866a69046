"""From what relays tell of their caches to the relay that the policy warm-first takes."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

import pytest
from controller_samples import mesh, six
from engine_bench import Bench, both

from controller.app import Controller
from controller.coverage import NO_COVERAGE, STALE_NS
from controller.engine import Engine
from controller.messages import Install
from controller.moves import Pair
from controller.settings import ControllerSettings, PolicyChoice
from controller.telemetry import TelemetryReader
from controller.traffic import PairTraffic, Traffic
from hostio.timing import MS, S
from relay_app.coverage_report import CoverageReport
from relay_app.load_order import LoadOrder

EAST_WEST = Pair(("east", "west"))
FOUR = mesh("east", "ohio", "west", "northwest")
"""Detours east-west: 33 ms over ohio, 41 over northwest."""
SETTINGS = ControllerSettings(
    hold_ns=500 * MS, detect=("link", "relay-cache"), policy=PolicyChoice("warm-first"), max_relays=1
)
TRAFFIC = Traffic((PairTraffic("east", "west", (10,) * 16, 200),))


class NoSwitches:
    def install(self, installs: Sequence[Install]) -> list[int]:
        raise AssertionError(installs)


class NoRelays:
    def send(self, order: LoadOrder) -> None:
        raise AssertionError(order)


def test_the_datagrams_of_one_time_are_one_report_and_a_later_one_takes_its_place() -> None:
    topology = six()
    coverage = NO_COVERAGE.after(CoverageReport(2, 5, {(1, 5): 7}), topology)
    coverage = coverage.after(CoverageReport(2, 5, {(1, 3): 4}), topology)
    assert [coverage.held("ohio", Pair(("east", end)), 5) for end in ("west", "central")] == [7, 4]
    coverage = coverage.after(CoverageReport(2, 6, {(1, 3): 5}), topology)
    assert [coverage.held("ohio", Pair(("east", end)), 6) for end in ("west", "central")] == [0, 5]


def test_an_earlier_look_that_comes_late_changes_nothing() -> None:
    coverage = NO_COVERAGE.after(CoverageReport(2, 6, {(1, 5): 7}), six())
    assert coverage.after(CoverageReport(2, 5, {(1, 5): 4}), six()) == coverage


def test_what_was_told_long_ago_counts_for_nothing() -> None:
    coverage = NO_COVERAGE.after(CoverageReport(2, 5 * S, {(1, 5): 7}), six())
    assert coverage.held("ohio", EAST_WEST, 5 * S + STALE_NS) == 7
    assert coverage.held("ohio", EAST_WEST, 5 * S + STALE_NS + 1) == 0
    assert coverage.held("central", EAST_WEST, 5 * S) == 0


def test_a_relay_of_no_cluster_is_an_error() -> None:
    with pytest.raises(KeyError):
        NO_COVERAGE.after(CoverageReport(9, 0, {}), six())


def moved_to(held: dict[str, int], told_ns: int = S) -> list[tuple[str | None, str]]:
    """The path over which east-west goes when its link is cut, as the relays hold so many of the 200 records."""
    bench = Bench(FOUR, SETTINGS)
    bench.engine = Engine(FOUR, SETTINGS, traffic=TRAFFIC)
    controller = Controller(bench.engine, TelemetryReader(FOUR), NoSwitches(), NoRelays(), StringIO(), StringIO())
    bench.connect()
    bench.run(1 * S)
    ends = (FOUR.cluster("east").ordinal, FOUR.cluster("west").ordinal)
    for relay, records in held.items():
        for datagram in CoverageReport(FOUR.cluster(relay).ordinal, told_ns, {ends: records}).encode():
            controller.on_report(datagram)
    bench.cut = both("east", "west")
    bench.run(1 * S)
    assert len({*map(tuple, (bench.relays_passed("east", "west", lane) for lane in range(16)))}) == 1
    return [(each.via, each.reason) for each in bench.decisions()]


@pytest.mark.parametrize(
    ("held", "relay"),
    [
        ({}, "ohio"),
        ({"northwest": 200}, "northwest"),
        ({"northwest": 60, "ohio": 20}, "northwest"),
        ({"northwest": 200, "ohio": 190}, "northwest"),
        ({"northwest": 199, "ohio": 185}, "ohio"),
    ],
)
def test_the_relay_that_covers_most_in_tenths_is_taken_and_of_equals_the_nearest(
    held: dict[str, int], relay: str
) -> None:
    assert [via for via, _ in moved_to(held)] == [relay]


def test_a_relay_that_has_said_nothing_for_long_is_no_warmer_than_another() -> None:
    assert [via for via, _ in moved_to({"northwest": 200}, 1 * S - STALE_NS)] == ["ohio"]
