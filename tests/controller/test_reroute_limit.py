"""At most so many reroutes a minute; and an answer for every second to why there was none."""

from __future__ import annotations

from random import Random

import pytest
from controller_samples import all_clean, broken, six, triangle
from engine_bench import Bench

from controller.decisions import Decision, HealthChange, Kept, Review
from controller.health import Health
from controller.messages import Record
from controller.moves import Move
from controller.policies import POLICIES
from controller.policies.failover import failover
from controller.settings import ControllerSettings, PolicyChoice
from controller.situation import Situation
from hostio.timing import S
from topologies.model import Direction, DirectPath, Topology

FOUR = ControllerSettings(max_reroutes=4)
SPENT = "no reroute left: pairs were moved onto relays 4 times in a minute"


def cut(*links: tuple[str, str]) -> dict[Direction, Health]:
    return {Direction(*ends): broken() for link in links for ends in (link, link[::-1])}


def test_a_pair_stays_where_no_reroute_is_left() -> None:
    health = all_clean(triangle()) | cut(("east", "west"))
    (move,) = failover(Situation(triangle(), health, {}, {}, FOUR, 9 * S, moved_before=3))
    assert isinstance(move, Move)
    assert failover(Situation(triangle(), health, {}, {}, FOUR, 9 * S, moved_before=4)) == [
        Kept("east", "west", f"{SPENT}; east→west: no probe for 251 ms", 9 * S)
    ]


def test_that_there_is_no_detour_anyway_is_told_first() -> None:
    lossy = {Direction("east", "central"): broken("loss 30 %", "degraded")}
    health = all_clean(triangle()) | cut(("east", "west")) | lossy
    kept = failover(Situation(triangle(), health, {}, {}, FOUR, 9 * S, moved_before=4))
    assert {each.reason.split(":")[0] for each in kept if isinstance(each, Kept)} == {"no detour"}


@pytest.mark.parametrize("name", ["failover", "spread", "headroom"])
def test_decisions_of_one_moment_count_and_lanes_of_one_pair_once(name: str) -> None:
    """Three pairs lose their links at once and two moves are left; lanes that go apart do not count apart."""
    settings = ControllerSettings(max_reroutes=4, policy=PolicyChoice(name))  # type: ignore[arg-type]
    health = all_clean(six()) | cut(("east", "west"), ("east", "south"), ("ohio", "northwest"))
    decisions = POLICIES[settings.policy.name](Situation(six(), health, {}, {}, settings, 9 * S, moved_before=2))
    moved = {each.pair for each in decisions if isinstance(each, Move)}
    (kept,) = [each for each in decisions if isinstance(each, Kept)]
    assert len(moved) == 2
    assert kept.reason.startswith(SPENT)


def test_a_pair_does_not_leave_a_good_detour_to_which_it_could_not_come_back() -> None:
    over_central = dict.fromkeys((Direction("east", "west"), Direction("west", "east")), "central")
    clean = Situation(triangle(), all_clean(triangle()), {}, over_central, FOUR, 90 * S, moved_before=4)
    assert failover(clean) == [
        Kept("east", "west", f"{SPENT}; the direct link is clean, and its relays are good", 90 * S)
    ]
    lost = all_clean(triangle()) | cut(("east", "central"))
    (back,) = [
        each
        for each in failover(Situation(triangle(), lost, {}, over_central, FOUR, 90 * S, moved_before=4))
        if isinstance(each, Move)
    ]
    assert back.relays == (), "off a detour that is lost"


class Hour:
    """An engine that hears of links by BFD alone, so that an hour takes few calls; and what its log says of pairs."""

    def __init__(self, topology: Topology, settings: ControllerSettings) -> None:
        self.bench = Bench(topology, settings)
        self.bench.connect()
        for link in topology.links:
            self.bench.sessions(link.a, link.b, up=True)
        self.bench.probe()
        self.clean = dict.fromkeys(topology.directions, False)
        self.rerouted: dict[tuple[str, str], bool] = {}
        self.said: dict[tuple[str, str], Decision | Kept | Review] = {}
        """Of each pair, what its last record of the log says."""

    def step(self, now_ns: int) -> list[Record]:
        bench = self.bench
        bench.now_ns = now_ns
        bench.perform(bench.engine.tick(now_ns))
        bench.perform(bench.engine.decide(now_ns))
        records, bench.records = bench.records, []
        for record in records:
            if isinstance(record, HealthChange):
                self.clean[Direction(record.source, record.destination)] = record.after == "clean"
            elif isinstance(record, Decision | Kept | Review):
                self.said[record.a, record.b] = record
                if isinstance(record, Decision):
                    self.rerouted[record.a, record.b] = bool(record.relays)
        return records

    def answer(self, pair: DirectPath, now_ns: int) -> str | None:
        """Why a pair is not moved now, by the log alone; None: it does not tell."""
        ends = (pair.a, pair.b)
        if not self.rerouted.get(ends) and all(self.clean[each] for each in pair.directions):
            return "its path is clean"
        said = self.said.get(ends)
        if isinstance(said, Decision):
            return f"moved: {said.reason}" if now_ns - said.decided_ns <= 1 * S else None
        if isinstance(said, Review):
            return said.reason if now_ns - said.at_ns <= 1 * S else None
        return said.reason if said else None


def test_every_second_of_an_hour_has_its_answer() -> None:
    """Links fail at random for an hour, one of them often, with every guard rail on; no minute has more reroutes than
    allowed."""
    settings = ControllerSettings(
        detect=("bfd",), damping=True, max_reroutes=3, probe_interval_ns=10 * S, detect_multiplier=255
    )
    topology = triangle()
    random, hour = Random("hour"), Hour(topology, settings)
    answers: list[str] = []
    moved_ns: list[int] = []
    for second in range(1, 3600):
        for link, chance in zip(topology.links, (0.3, 0.05, 0.05), strict=True):
            if random.random() < chance:
                hour.bench.sessions(link.a, link.b, up=random.random() < 0.6)
        records = hour.step(second * S)
        moved_ns += [each.decided_ns for each in records if isinstance(each, Decision) and each.relays]
        for pair in topology.direct_paths:
            answer = hour.answer(pair, second * S)
            assert answer, f"{pair.a}–{pair.b} at {second} s"
            answers.append(answer)
    assert max(sum(at <= each < at + 60 * S for each in moved_ns) for at in moved_ns) == settings.max_reroutes
    for part in ("its path is clean", "no detour: ", "is isolated", "no reroute left", "damped", "waits for its hold"):
        assert any(part in each for each in answers), part
