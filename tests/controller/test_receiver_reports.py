"""The detector `receiver-reports` on simulated switches, with media that take the way that their rules say."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from itertools import pairwise, product
from typing import get_args

from controller_samples import six, triangle
from engine_bench import TICK, Bench, both

from controller.decisions import HealthChange
from controller.detectors.lane_media import Finding
from controller.detectors.receiver_reports import TRANSITIONS
from controller.health import State
from controller.settings import ControllerSettings
from hostio.timing import MS, S
from relay_app.media_report import LaneCounts, MediaReport
from relay_app.ports import LANES
from topologies.model import Direction, Topology

WATCHFUL = ControllerSettings(hold_ns=60 * S, detect=("link", "receiver-reports"))
_DELAY_NS = 40 * MS
"""Of media, whichever way they take."""


class MediaBench(Bench):
    """A packet each 20 ms in every lane, both ways, between some clusters; their clients report each 100 ms."""

    def __init__(self, topology: Topology, settings: ControllerSettings, *pairs: tuple[str, str]) -> None:
        super().__init__(topology, settings)
        self.ends = [Direction(*ends) for pair in pairs for ends in (pair, pair[::-1])]
        self.sent: Counter[tuple[Direction, int]] = Counter()
        self.heard: Counter[tuple[Direction, int]] = Counter()
        self.under_way: deque[tuple[int, Direction, int]] = deque()
        self.speaks: Callable[[Direction, int], bool] = lambda *_: True
        self.swallows: Callable[[Direction, int], bool] = lambda *_: False
        """Whether a link loses the next packet of a lane."""
        self.mute: set[str] = set()
        """Clusters whose client does not report."""
        self.connect()
        self.play(2 * S)
        self.records.clear()

    def play(self, duration_ns: int) -> None:
        end_ns = self.now_ns + duration_ns
        while self.now_ns < end_ns:
            self.run(TICK)
            if self.now_ns % (20 * MS) == 0:
                self.send()
            while self.under_way and self.under_way[0][0] <= self.now_ns:
                _, ends, lane = self.under_way.popleft()
                self.heard[ends, lane] += 1
            if self.now_ns % (100 * MS) == 0:
                self.report()

    def send(self) -> None:
        for ends, lane in product(self.ends, range(LANES)):
            if self.speaks(ends, lane):
                self.sent[ends, lane] += 1
                relays = self.relays_passed(*ends, lane)
                hops = [Direction(*hop) for hop in pairwise((ends.source, *relays, ends.destination))]
                lost = self.cut & {*hops} or self.stuck & {*ends, *relays}
                if not lost and not sum(self.swallows(hop, lane) for hop in hops):
                    self.under_way.append((self.now_ns + _DELAY_NS, ends, lane))

    def report(self) -> None:
        for cluster in self.topology.clusters:
            peers = [ends.destination for ends in self.ends if ends.source == cluster.name]
            if peers and cluster.name not in self.mute:
                lanes = {self.topology.cluster(peer).ordinal: self.counts(cluster.name, peer) for peer in peers}
                self.perform(self.engine.report(MediaReport(cluster.ordinal, self.now_ns, lanes)))

    def counts(self, own: str, peer: str) -> LaneCounts:
        there = Direction(own, peer)
        sent = tuple(self.sent[there, lane] for lane in range(LANES))
        return LaneCounts(sent, tuple(self.heard[there.reversed(), lane] for lane in range(LANES)))

    def changes(self) -> list[HealthChange]:
        """What media told."""
        found = [each for each in self.records if isinstance(each, HealthChange)]
        return [each for each in found if each.detector == "receiver-reports"]


def test_every_state_and_finding_has_a_successor() -> None:
    states = {state for state, _ in TRANSITIONS}
    assert TRANSITIONS.keys() == set(product(states, (*get_args(Finding), "left")))
    assert states == set(get_args(State)) - {"damped"}


def test_media_that_arrive_change_nothing() -> None:
    bench = MediaBench(triangle(), WATCHFUL, ("east", "west"), ("east", "central"))
    bench.play(5 * S)
    assert bench.records == []


def test_a_relay_that_stands_still_is_left_within_a_second() -> None:
    bench = MediaBench(triangle(), WATCHFUL, ("east", "west"))
    bench.cut = both("east", "west")
    bench.play(1 * S)
    bench.cut = set()
    bench.play(2 * S)
    bench.stuck = {"central"}
    bench.records.clear()
    stuck_ns = bench.now_ns
    bench.play(3 * S)
    (away,) = bench.decisions()
    assert (away.via, away.lanes) == (None, tuple(range(LANES)))
    assert "relay central, to " in away.reason
    assert "nothing heard for " in away.reason
    assert " in 16 of 16 lanes" in away.reason
    assert stuck_ns < away.installed_ns < stuck_ns + S
    assert {(each.after, each.of_relay) for each in bench.changes()} == {("down", True), ("unknown", True)}


def test_a_relay_on_which_nothing_was_ever_heard_is_left_for_the_next_one() -> None:
    """As two cold relays that cannot bear the burst; the third can."""
    bench = MediaBench(six(), WATCHFUL, ("east", "west"))
    bench.stuck = {"ohio", "central"}
    bench.cut = both("east", "west")
    bench.play(4 * S)
    assert [decision.via for decision in bench.decisions()] == ["ohio", "central", "south"]
    first, second, third = (decision.installed_ns for decision in bench.decisions())
    assert second - first < S
    assert third - second < S


def test_a_link_that_swallows_some_lanes_is_left_and_tried_again() -> None:
    """No probe is lost. Once the media have left it, it is clean until they are back."""
    bench = MediaBench(
        triangle(), ControllerSettings(hold_ns=2 * S, detect=("link", "receiver-reports")), ("east", "west")
    )
    bench.swallows = lambda hop, lane: hop == Direction("east", "west") and lane in (3, 7)
    bench.play(1 * S)
    (away,) = bench.decisions()
    assert away.via == "central"
    assert "east→west: nothing heard for " in away.reason
    assert " in 2 of 16 lanes" in away.reason
    bench.swallows = lambda *_: False
    bench.play(4 * S)
    assert [decision.via for decision in bench.decisions()] == ["central", None]
    assert [each.after for each in bench.changes() if not each.of_relay] == ["degraded", "clean"]


def test_a_share_that_is_lost_counts_beyond_what_may_be() -> None:
    """Every third packet, and every tenth; 20 % may be lost."""
    for period, moved in ((3, ["central"]), (10, [])):
        bench, packets = MediaBench(triangle(), WATCHFUL, ("east", "west")), Counter[int]()

        def swallows(hop: Direction, lane: int, packets: Counter[int] = packets, period: int = period) -> bool:
            packets[lane] += hop == Direction("east", "west")
            return hop == Direction("east", "west") and packets[lane] % period == 0

        bench.swallows = swallows
        bench.play(6 * S)
        assert [decision.via for decision in bench.decisions()] == moved
        assert all("east→west: loss 2" in decision.reason for decision in bench.decisions())


def test_a_pause_is_no_loss() -> None:
    bench = MediaBench(triangle(), WATCHFUL, ("east", "west"))
    bench.speaks = lambda ends, lane: ends.source == "west" and lane < 8
    bench.play(5 * S)
    bench.speaks = lambda *_: True
    bench.play(5 * S)
    assert bench.records == []


def test_a_client_that_does_not_report_blames_nobody() -> None:
    for silent in ("east", "west"):
        bench = MediaBench(triangle(), WATCHFUL, ("east", "west"))
        bench.mute = {silent}
        bench.play(5 * S)
        assert bench.records == []


def test_the_relay_at_home_is_no_paths_fault() -> None:
    """Nobody hears east, and east hears nobody: no detour would help."""
    bench = MediaBench(six(), WATCHFUL, ("east", "west"), ("east", "central"), ("ohio", "west"))
    bench.stuck = {"east"}
    bench.play(10 * S)
    assert bench.records == []


def test_a_home_relay_is_no_paths_fault_though_a_report_came_between_the_last_packets_of_its_lanes() -> None:
    """The silence is as long as it must be in some lanes first."""
    bench = MediaBench(six(), WATCHFUL, ("east", "west"), ("east", "central"))
    bench.swallows = lambda hop, lane: "east" in hop and lane < 13
    bench.play(100 * MS)
    bench.swallows = lambda hop, _: "east" in hop
    bench.play(2 * S)
    assert bench.decisions() == []
    assert bench.changes() == []


def test_a_lane_in_which_little_is_sent_does_not_hide_that_all_are_silent() -> None:
    """It would take 5 s to be silent by itself."""
    bench = MediaBench(triangle(), WATCHFUL, ("east", "west"), ("east", "central"))
    bench.speaks = lambda _, lane: lane != 2 or bench.now_ns % S == 0
    bench.play(3 * S)
    bench.swallows = lambda hop, _: hop in both("east", "west")
    cut_ns = bench.now_ns
    bench.play(3 * S)
    away = bench.decisions()[0]
    assert away.via == "central"
    assert away.installed_ns < cut_ns + S


def test_a_pair_that_no_detour_helps_is_moved_once() -> None:
    """It has no other media to compare with: its own relay may stand still, or the link lose everything."""
    bench = MediaBench(six(), ControllerSettings(hold_ns=2 * S, detect=("link", "receiver-reports")), ("east", "west"))
    bench.stuck = {"east"}
    bench.play(10 * S)
    assert [decision.via for decision in bench.decisions()] == ["ohio", None]
    bench.stuck = set()
    bench.play(2 * S)
    bench.swallows = lambda hop, _: hop == Direction("east", "west")
    bench.play(1 * S)
    assert [decision.via for decision in bench.decisions()] == ["ohio", None, "ohio"]


def test_what_a_broken_link_loses_is_not_held_against_it_afterwards() -> None:
    bench = MediaBench(
        triangle(), ControllerSettings(reroute=False, detect=("link", "receiver-reports")), ("east", "west")
    )
    bench.cut = both("east", "west")
    bench.play(3 * S)
    bench.cut = set()
    bench.play(3 * S)
    assert bench.changes() == []


def test_a_controller_that_was_held_up_judges_by_what_comes_after() -> None:
    bench = MediaBench(triangle(), WATCHFUL, ("east", "west"))
    for ends, lane in product(bench.ends, range(LANES)):
        bench.sent[ends, lane] += 1000
    bench.now_ns += 20 * S
    bench.play(5 * S)
    assert bench.changes() == []
    assert bench.decisions() == []
