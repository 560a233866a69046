"""The detector of BFD sessions, from states of ports to the health of links."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest
from controller_samples import probe, triangle

from controller.detectors.bfd import START_UP_NS, TRANSITIONS, BfdDetector, Finding
from controller.health import Health, MonitoredPath, State
from controller.health_watch import HealthWatch
from controller.messages import PortState
from controller.settings import ControllerSettings
from hostio.timing import MS, S
from topologies.model import Direction

EAST, CENTRAL, WEST = 1, 2, 3
EAST_WEST = (Direction("east", "west"), Direction("west", "east"))
CANNOT_BE = {
    *(("degraded", finding) for finding in get_args(Finding)),
    ("clean", "session never up"),
    ("down", "session never up"),
}


def states(detector: BfdDetector) -> dict[MonitoredPath, str]:
    return {path: health.state for path, health in detector.health.items()}


def up(detector: BfdDetector, now_ns: int = 0) -> None:
    for here, there in product((EAST, CENTRAL, WEST), repeat=2):
        if here != there:
            detector.observe(PortState(here, there, up=True), now_ns)


@pytest.fixture
def detector() -> BfdDetector:
    """Of three clusters, whose sessions are all up."""
    made = BfdDetector(triangle(), ControllerSettings(detect=("bfd",)))
    up(made)
    made.begin(1 * S)
    return made


def test_the_table_has_every_finding_in_every_state_in_which_it_can_be_made() -> None:
    every = set(product(set(get_args(State)) - {"damped"}, get_args(Finding)))
    assert set(TRANSITIONS) == every - CANNOT_BE
    assert {after for (_, finding), after in TRANSITIONS.items() if finding == "sessions up"} == {"clean"}
    assert "degraded" not in TRANSITIONS.values()


def test_sessions_that_were_up_before_the_watch_began_are_clean_from_its_first_moment(detector: BfdDetector) -> None:
    assert set(states(detector).values()) == {"clean"}
    assert len(states(detector)) == 6
    assert detector.known


@pytest.mark.parametrize("end", [(EAST, WEST), (WEST, EAST)])
@pytest.mark.parametrize("port_up", [True, False])
def test_the_session_of_either_end_takes_both_directions_and_no_other_link(
    detector: BfdDetector, end: tuple[int, int], *, port_up: bool
) -> None:
    changes = detector.observe(PortState(*end, up=port_up, live=False), 2 * S)
    named = {EAST: "east", WEST: "west"}[end[0]]
    assert [(each.source, each.destination) for each in changes] == list(EAST_WEST)
    assert {(each.after, each.detector, each.reason) for each in changes} == {
        ("down", "bfd", f"BFD session down at {named}")
    }
    assert detector.health[EAST_WEST[0]] == Health("down", 2 * S, f"BFD session down at {named}")
    assert sorted(states(detector).values()) == ["clean"] * 4 + ["down"] * 2


def test_a_link_is_clean_again_only_when_both_sessions_are_up(detector: BfdDetector) -> None:
    for here, there in ((EAST, WEST), (WEST, EAST)):
        detector.observe(PortState(here, there, up=True, live=False), 2 * S)
    assert detector.observe(PortState(EAST, WEST, up=True), 3 * S) == []
    changes = detector.observe(PortState(WEST, EAST, up=True), 4 * S)
    assert [(each.before, each.after, each.at_ns) for each in changes] == [("down", "clean", 4 * S)] * 2
    assert detector.health[EAST_WEST[1]].since_ns == 4 * S


def test_the_same_state_once_more_changes_nothing(detector: BfdDetector) -> None:
    assert detector.observe(PortState(EAST, WEST, up=True), 2 * S) == []
    assert len(detector.observe(PortState(EAST, WEST, up=True, live=False), 3 * S)) == 2
    assert detector.observe(PortState(EAST, WEST, up=False, live=False), 4 * S) == []
    assert detector.health[EAST_WEST[0]].since_ns == 3 * S


def test_a_session_that_has_not_come_up_yet_is_no_fault_until_the_start_up_is_over() -> None:
    detector = BfdDetector(triangle(), ControllerSettings(detect=("bfd",)))
    up(detector)
    detector.observe(PortState(EAST, WEST, up=True, live=False), 0)
    detector.begin(0)
    assert not detector.known
    assert detector.tick(START_UP_NS - 1, {}) == []
    changes = detector.tick(START_UP_NS, {})
    assert [(each.before, each.after, each.reason) for each in changes] == [
        ("unknown", "down", "no BFD session in the first 5 s")
    ] * 2
    assert detector.known
    assert detector.tick(START_UP_NS + 1, {}) == []
    assert [each.after for each in detector.observe(PortState(EAST, WEST, up=True), 9 * S)] == ["clean"] * 2


def test_ports_of_hosts_and_probes_are_not_its_business(detector: BfdDetector) -> None:
    assert detector.observe(PortState(EAST, 254, up=False, live=False), 2 * S) == []
    assert detector.observe(PortState(9, EAST, up=False, live=False), 2 * S) == []
    assert detector.observe(probe(0, 0), 2 * S) == []


def test_nothing_is_said_before_the_watch_begins() -> None:
    detector = BfdDetector(triangle(), ControllerSettings(detect=("bfd",)))
    assert detector.observe(PortState(EAST, WEST, up=True, live=False), 0) == []
    assert detector.health == {}


def test_with_probes_the_worse_of_the_two_counts() -> None:
    """Probes go on arriving while a session is down, as they do where a packet filter takes BFD alone."""
    watch = HealthWatch(triangle(), ControllerSettings(detect=("link", "bfd")))
    for here, there in triangle().directions:
        ends = triangle().ordinals(Direction(here, there))
        watch.observe(PortState(*ends, up=True), 0)
    watch.begin(0)
    for sequence in range(1, 40):
        for direction in triangle().directions:
            watch.observe(probe(sequence, 0, 50 * MS, *triangle().ordinals(direction)), sequence * 50 * MS)
        watch.tick(sequence * 50 * MS)
    assert {health.state for health in watch.links.values()} == {"clean"}
    watch.observe(PortState(EAST, WEST, up=True, live=False), 2 * S)
    assert {path: health.state for path, health in watch.links.items() if health.state != "clean"} == dict.fromkeys(
        EAST_WEST, "down"
    )
