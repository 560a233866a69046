"""Loss each way from reflections, against what was really lost."""

from __future__ import annotations

from random import Random

import pytest
from controller_samples import probe

from controller.detectors.link import LinkDetector
from controller.detectors.round_trips import EachWay, RoundTrips
from controller.settings import ControllerSettings
from hostio.timing import MS
from relay_app.probing.probe_report import ReflectionReport
from topologies.model import Cluster, Direction, Link, Topology

SIZE = 20


def reflected(lost_there: set[int], lost_back: set[int], sent: int) -> list[tuple[int, int]]:
    """What comes back of so many probes: the number of each, and that of the reflector."""
    arrived = [number for number in range(sent) if number not in lost_there]
    return [(number, count) for count, number in enumerate(arrived) if number not in lost_back]


@pytest.mark.parametrize("seed", range(10))
def test_each_way_is_what_was_lost_there(seed: int) -> None:
    """The first and the last come back: of what is sent after the last one nothing can be known."""
    random, trips = Random(f"losses {seed}"), RoundTrips(SIZE)
    lost_there, lost_back = ({random.randint(1, SIZE - 2) for _ in range(random.randint(0, 12))} for _ in range(2))
    for sent, number in reflected(lost_there, lost_back, SIZE):
        trips.add(sent, number)
    lost, passed = trips.lost(), SIZE - 1 - len(lost_there)
    assert lost is not None
    assert lost.there == pytest.approx(len(lost_there) / (SIZE - 1))
    assert lost.back == pytest.approx(len(lost_back - lost_there) / passed)


def test_old_ones_are_forgotten_and_so_is_all_when_an_end_begins_anew() -> None:
    trips = RoundTrips(SIZE)
    assert trips.lost() is None
    for sent, number in reflected({3, 4, 5}, set(), 40):
        trips.add(sent, number)
    assert trips.lost() == EachWay(0, 0)
    assert trips.lost(first=38) == EachWay(0, 0)
    assert trips.lost(first=39) is None, "only one of these came back"
    trips.add(40, 0)
    assert trips.lost() is None, "the reflector counts from 0 again"
    trips.add(42, 1)
    assert trips.lost() == EachWay(0.5, 0)
    trips.add(0, 2)
    assert trips.lost() is None, "and so does the sender"


def test_what_overtook_another_and_copies_change_nothing() -> None:
    trips = RoundTrips(SIZE)
    for sent, number in [(0, 0), (3, 2), (1, 1), (3, 2), (4, 3)]:
        trips.add(sent, number)
    assert trips.lost() == EachWay(0.25, 0)


LINE = Topology("line", (Cluster("east", 1), Cluster("west", 2)), (Link.alike("east", "west", 20 * MS),))
THERE, BACK = Direction("east", "west"), Direction("west", "east")


def test_a_lossy_direction_is_told_with_what_its_sender_counts() -> None:
    watched = LinkDetector(LINE, ControllerSettings(probes="stamp"))
    watched.begin(0)
    lost, changes = {20, 22, 24, 26, 28}, []
    for number in range(60):
        report = probe(number, 20 * MS)
        if number not in lost:
            watched.observe(report, report.received_ns)
            watched.observe(ReflectionReport(report, number - sum(each < number for each in lost)), 0)
        changes += watched.tick(report.received_ns, {})
    for number in range(60, 100):  # silence
        changes += watched.tick(number * 50 * MS + 20 * MS, {})
    there = [change for change in changes if change.source == "east"]
    assert [change.after for change in there] == ["clean", "degraded", "clean", "down"]
    assert there[1].reason == "loss 25 % of the last 20 probes (up to the last one reflected 26 % there, 0 % back)"


def test_a_link_whose_far_end_tells_nothing_is_clean_by_the_word_of_the_sender() -> None:
    """Reports of west's prober stop after a second: east still hears west's probes, and has its own back."""
    watched = LinkDetector(LINE, ControllerSettings(probes="stamp"))
    alone = LinkDetector(LINE, ControllerSettings())
    for each in (watched, alone):
        each.begin(0)
    for number in range(100):
        there, back = probe(number, 20 * MS), probe(number, 20 * MS, source=2, destination=1)
        for each in (watched, alone):
            each.observe(back, back.received_ns)
            if number < 20:
                each.observe(there, there.received_ns)
            each.tick(there.received_ns, {})
        watched.observe(ReflectionReport(there, number), there.received_ns)
    assert (watched.health[THERE].state, watched.health[BACK].state) == ("clean", "clean")
    assert (alone.health[THERE].state, alone.health[BACK].state) == ("down", "clean")
