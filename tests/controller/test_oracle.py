"""The controller against the oracle, which reads its log and shares none of its code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from oracle_lab import Played, cases, played

from benchmarks.oracle import written
from benchmarks.random_cases import Blip, Case
from controller.moves import ALL_LANES, PolicyDecision, Relays
from controller.policies.detours import Selection, detours
from controller.settings import ControllerSettings
from controller.situation import Situation
from hostio.timing import S
from topologies.model import Direction, DirectPath

ONE_LINK_DARK = Case(
    "one-link-dark",
    ("c1", "c2", "c3", "c4"),
    (("c1", "c2", 9), ("c1", "c3", 2), ("c1", "c4", 3), ("c2", "c3", 2), ("c2", "c4", 3), ("c3", "c4", 2)),
    (Blip("blackhole", ("c1", "c2"), 0, 700),),
    4000,
    hold_ms=300,
)


@pytest.fixture(scope="module")
def shrunk_to(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("oracle") / "shrunk.yaml"


@pytest.mark.timeout(900)  # hypothesis takes up to five minutes to shrink an example that fails
@settings(max_examples=5, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_what_fails_at_random_is_rerouted_as_the_oracle_predicts(case: Case, shrunk_to: Path) -> None:
    """Shrunk by hypothesis: the last example that fails is the least, and its scenario file stays."""
    run = played(case)
    file = f"play {written(case, shrunk_to)}"
    assert run.disagreements() == [], file
    topology = run.bench.topology
    both = [ends for link in topology.links for ends in link.directions]
    for pair in both if case.directions == "each" else both[::2]:
        right = {lane: run.right_at_the_end(Direction(*pair), lane) for lane in ALL_LANES[:3]}
        for lane, paths in right.items():
            if all(len(topology.hops(pair[0], *relays, pair[1])) == len(relays) + 1 for relays in paths):
                assert tuple(run.bench.relays_passed(*pair, lane=lane)) in paths, file


def farthest(situation: Situation) -> list[PolicyDecision]:
    def last(where: Situation, pair: DirectPath, count: int) -> Relays:
        return next(reversed(where.ranked_relays(pair, count)), ())

    return detours(situation, Selection(last))


def test_a_relay_that_is_not_the_nearest_is_noticed_for_as_long_as_it_is_taken() -> None:
    assert played(ONE_LINK_DARK, after_ns=2 * S).disagreements() == []
    wrong = played(ONE_LINK_DARK, farthest, 2 * S).disagreements()
    assert {(*each.pair, each.lanes) for each in wrong} == {("c1", "c2", ALL_LANES)}
    assert {each.taken for each in wrong} == {("c4",)}
    ends = [each.until_ns for each in wrong if each.until_ns is not None]
    assert len(ends) == len(wrong)
    assert 1.0e9 < max(ends) - wrong[0].from_ns < 2.0e9  # from detection to hold time after a window of good probes


def test_a_return_before_the_hold_time_is_noticed() -> None:
    run = played(ONE_LINK_DARK, after_ns=2 * S)
    hasty = Played(run.bench, run.absences)
    hasty.bench.settings = replace(run.bench.settings, hold_ns=ControllerSettings().hold_ns)
    (found,) = hasty.disagreements()
    assert (found.right, found.taken, found.until_ns) == ((("c3",),), (), None)


def test_a_reroute_that_was_never_made_is_noticed() -> None:
    run = played(ONE_LINK_DARK, lambda situation: [])  # noqa: ARG005
    (found,) = run.disagreements()
    assert (found.right, found.taken) == ((("c3",),), ())
