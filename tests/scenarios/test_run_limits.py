from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from results.run_files.plan import Environment, Plan
from scenarios.language.library import load_plan
from scenarios.run.limits import allowances, machine_s
from scenarios.run.space import space_needed

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"

VIRTUAL = Environment(
    "netem", "", True, "kernel", "", "6.1", 1, "root", "virtual, 500 million instructions a second", {}
)


@pytest.fixture
def plan() -> Plan:
    return load_plan(SCENARIOS / "one-blip.yaml")


def test_the_media_may_take_their_duration_and_a_minute(plan: Plan) -> None:
    assert allowances(plan).of("media") == 12 + 60


def test_set_up_follows_from_clusters_and_sessions(plan: Plan) -> None:
    us_6 = load_plan(SCENARIOS / "us-6-blip.yaml")
    assert len(us_6.topology.clusters) - len(plan.topology.clusters) == 3
    difference = allowances(us_6).of("set-up") - allowances(plan).of("set-up")
    sessions = sum(group.count for group in us_6.sessions) - sum(group.count for group in plan.sessions)
    assert difference == pytest.approx(3 * 10 + sessions / 1000)


def test_collection_follows_from_what_processes_have_to_write(plan: Plan) -> None:
    """At 4 MB/s, which is slower than a memory card."""
    many = load_plan(SCENARIOS / "one-blip.yaml", overrides=["sessions.0.count=2000", "duration=120s"])
    written = space_needed(many).staged_bytes - space_needed(plan).staged_bytes
    assert allowances(many).of("collection") - allowances(plan).of("collection") == pytest.approx(written / 4e6)


def test_the_time_to_save_is_within_that_to_collect_and_to_stop(plan: Plan) -> None:
    allowed = allowances(plan)
    assert allowed.saving_s < allowed.stopping_s < allowed.collection_s


def test_on_a_virtual_clock_all_but_the_media_may_take_longer(plan: Plan) -> None:
    real, virtual = allowances(plan), allowances(replace(plan, environment=VIRTUAL))
    slowest = allowances(replace(plan, environment=VIRTUAL, clock_shift=3))
    assert virtual.set_up_s == 8 * real.set_up_s
    assert virtual.media_s == 12 + 8 * 60
    assert slowest.set_up_s == 4 * virtual.set_up_s


def test_a_virtual_machine_may_take_longer_than_all_that_the_run_in_it_may(plan: Plan) -> None:
    allowed = allowances(plan)
    inside_s = allowed.set_up_s + allowed.media_s + allowed.collection_s
    assert machine_s(plan, virtual=False) == 900 + inside_s
    assert machine_s(plan, virtual=True) == 900 + 60 * inside_s
