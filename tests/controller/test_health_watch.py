from __future__ import annotations

import pytest
from controller_samples import probe, triangle
from every import every

from controller.decisions import HealthChange, HeldUp
from controller.detectors import DETECTORS
from controller.health import Health, MonitoredPath, ObservedRelay, State, worse
from controller.health_watch import HealthWatch, combined
from controller.settings import ControllerSettings
from hostio.timing import MS, S
from relay_app.probing.probe_report import ProbeReport
from topologies.model import Direction, Link, OneWay, Topology

CANARIES = ControllerSettings(detect=("link", "relay-canary"))
EAST_CENTRAL, CANARY = Direction("east", "central"), ObservedRelay("east", "central")


def canary(sequence: int, delay_ns: int = 40 * MS) -> ProbeReport:
    """Of east, through the relay of central, one per 100 ms."""
    return probe(sequence, delay_ns, 100 * MS, 1, 1)._replace(via=2)


def fed(watch: HealthWatch, until_ns: int, *, canaries_until_ns: int = 0) -> None:
    """Probes of every link, and east's canaries through central, 40 ms under way."""
    for now_ns in range(0, until_ns + 1, 10 * MS):
        for direction in triangle().directions:
            ends = triangle().ordinals(direction)
            if now_ns % (50 * MS) == 0 and now_ns:
                watch.observe(probe(now_ns // (50 * MS), 0, 50 * MS, *ends), now_ns)
        if now_ns % (100 * MS) == 40 * MS and now_ns <= canaries_until_ns:
            watch.observe(canary(now_ns // (100 * MS)), now_ns)
        watch.tick(now_ns)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("clean", 1), ("down", 5), ("down", 5)),
        (("down", 5), ("degraded", 1), ("down", 5)),
        (("unknown", 1), ("clean", 2), ("unknown", 1)),
        (("degraded", 1), ("unknown", 2), ("degraded", 1)),
        (("clean", 1), ("clean", 2), ("clean", 2)),
        (("down", 1), ("down", 2), ("down", 1)),
    ],
)
def test_the_worse_of_two_counts(one: tuple[State, int], other: tuple[State, int], expected: tuple[State, int]) -> None:
    for first, second in ((one, other), (other, one)):
        found = worse(Health(*first, ""), Health(*second, ""))
        assert (found.state, found.since_ns) == expected


def test_detectors_of_one_path_are_combined_and_a_link_is_not_mistaken_for_a_relay() -> None:
    link, relay = Health("clean", 1, "probes"), Health("down", 2, "canaries")
    found: list[tuple[MonitoredPath, Health]] = [
        (EAST_CENTRAL, link),
        (CANARY, relay),
        (EAST_CENTRAL, Health("degraded", 3, "another detector")),
    ]
    assert combined(found) == {EAST_CENTRAL: Health("degraded", 3, "another detector"), CANARY: relay}


def test_links_judge_before_relays_which_ask_for_their_health() -> None:
    assert next(iter(DETECTORS)) == "link"


def test_what_the_settings_do_not_name_is_not_watched() -> None:
    watch = HealthWatch(triangle(), ControllerSettings())
    watch.begin(0)
    assert watch.observe(canary(0), 0) == []
    assert watch.relays == {}
    assert len(watch.links) == 6


def test_evidence_of_no_path_is_an_error() -> None:
    watch = HealthWatch(triangle(), CANARIES)
    watch.begin(0)
    with pytest.raises(KeyError):
        watch.observe(probe(0, 0, source=1, destination=9), 0)
    with pytest.raises(KeyError):
        watch.observe(canary(0)._replace(via=9), 0)


def test_nothing_is_known_before_the_watch_begins() -> None:
    watch = HealthWatch(triangle(), CANARIES)
    assert (watch.known, watch.links, watch.relays, watch.tick(0)) == (False, {}, {}, [])


def test_a_relay_is_remembered_as_unhealthy_after_it_recovered() -> None:
    watch = HealthWatch(triangle(), CANARIES)
    watch.begin(0)
    fed(watch, 3 * S, canaries_until_ns=1 * S)
    silent = watch.relays[CANARY]
    assert silent.unhealthy
    assert silent.last_unhealthy_ns == 3 * S
    for sequence in range(30, 60):
        now_ns = sequence * 100 * MS + 50 * MS
        for direction in triangle().directions:
            for number in (2 * sequence, 2 * sequence + 1):
                watch.observe(probe(number, 0, 50 * MS, *triangle().ordinals(direction)), now_ns)
        watch.observe(canary(sequence), now_ns)
        watch.tick(now_ns)
    recovered = watch.relays[CANARY]
    assert recovered.health.state == "clean"
    assert recovered.last_unhealthy_ns is not None
    assert 3 * S < recovered.last_unhealthy_ns < recovered.health.since_ns


@pytest.mark.parametrize(
    ("there_ms", "back_ms", "canary_ms", "expected"),
    [
        (165, 55, 175, ("clean", "clean", "clean")),
        (165, 65, 175, ("clean", "degraded", "unknown")),
        (175, 55, 175, ("degraded", "clean", "unknown")),
        (165, 55, 185, ("clean", "clean", "degraded")),
    ],
)
def test_a_direction_is_slow_by_its_own_delay_and_a_relay_by_that_of_both(
    there_ms: int, back_ms: int, canary_ms: int, expected: tuple[State, State, State]
) -> None:
    """120 ms there and 10 back; a path is degraded from 50 ms beyond its own delay on."""
    link = Link("east", "central", OneWay(120 * MS), OneWay(10 * MS))
    watch = HealthWatch(Topology("lopsided", triangle().clusters[:2], (link,)), CANARIES)
    watch.begin(0)
    for sequence in range(1, 40):
        now_ns = sequence * 50 * MS + 190 * MS
        watch.observe(probe(sequence, there_ms * MS, 50 * MS, 1, 2), now_ns)
        watch.observe(probe(sequence, back_ms * MS, 50 * MS, 2, 1), now_ns)
        if sequence % 2 == 0:
            watch.observe(canary(sequence // 2, canary_ms * MS), now_ns)
        watch.tick(now_ns)
    states = [watch.links[direction].state for direction in link.directions]
    assert (*states, watch.relays[CANARY].health.state) == expected


def probed(
    watch: HealthWatch, from_ns: int, until_ns: int, without: frozenset[Direction] = frozenset()
) -> list[object]:
    """Ticks, and probes of every link but these, all of which arrive at once; what the watch found."""
    found: list[object] = []
    for now_ns in range(from_ns, until_ns + 1, 10 * MS):
        for direction in triangle().directions:
            if now_ns % (50 * MS) == 0 and direction not in without:
                report = probe(now_ns // (50 * MS), 0, 50 * MS, *triangle().ordinals(direction))
                watch.observe(report, now_ns)
        found += watch.tick(now_ns)
    return found


class TestHeldUp:
    """A controller that did not run for longer than it takes to find a path silent, with the default's 250 ms."""

    def begun(self) -> HealthWatch:
        watch = HealthWatch(triangle(), ControllerSettings())
        watch.begin(0)
        probed(watch, 0, 2 * S)
        return watch

    def test_finds_nothing_where_nothing_happened(self) -> None:
        watch = self.begun()
        assert probed(watch, 5 * S, 8 * S) == [HeldUp(2 * S, 5 * S)]
        assert every(health.state == "clean" for health in watch.links.values())

    def test_finds_what_failed_meanwhile_a_detection_time_after_it_runs_on(self) -> None:
        watch = self.begun()
        held_up, down = probed(watch, 5 * S, 8 * S, frozenset({EAST_CENTRAL}))
        assert held_up == HeldUp(2 * S, 5 * S)
        assert isinstance(down, HealthChange)
        assert (down.source, down.destination, down.after) == (*EAST_CENTRAL, "down")
        assert (down.at_ns, down.reason) == (5250 * MS, "no probe for 250 ms")

    def test_leaves_what_was_down_so_until_probes_are_good(self) -> None:
        watch = self.begun()
        (down,) = probed(watch, 2010 * MS, 3 * S, frozenset({EAST_CENTRAL}))
        assert isinstance(down, HealthChange)
        held_up, clean = probed(watch, 5 * S, 8 * S)
        assert held_up == HeldUp(3 * S, 5 * S)
        assert isinstance(clean, HealthChange)
        assert (clean.before, clean.after) == ("down", "clean")

    def test_finds_nothing_either_if_that_happens_again_before_any_probe_arrives(self) -> None:
        watch = self.begun()
        assert watch.tick(5 * S) == [HeldUp(2 * S, 5 * S)]
        assert watch.tick(8 * S) == [HeldUp(5 * S, 8 * S)]
        assert probed(watch, 8010 * MS, 10 * S) == []

    @pytest.mark.parametrize(("multiplier", "interval_ns", "least_ns"), [(5, 50 * MS, 250 * MS), (1, 5 * MS, 100 * MS)])
    def test_is_told_apart_from_a_late_one(self, multiplier: int, interval_ns: int, least_ns: int) -> None:
        settings = ControllerSettings(detect_multiplier=multiplier, probe_interval_ns=interval_ns)
        watch = HealthWatch(triangle(), settings)
        watch.begin(0)
        watch.tick(0)
        assert watch.tick(least_ns) == []
        assert watch.tick(2 * least_ns + 1) == [HeldUp(least_ns, 2 * least_ns + 1)]

    def test_forgets_no_path_that_never_answered(self) -> None:
        watch = HealthWatch(triangle(), ControllerSettings())
        watch.begin(0)
        watch.tick(0)
        watch.tick(9 * S)
        assert [each for each in watch.tick(9240 * MS) if isinstance(each, HealthChange)] == []
        watch.tick(9490 * MS)
        changes = [each for each in watch.tick(10 * S) if isinstance(each, HealthChange)]
        assert len(changes) == len(triangle().directions)
