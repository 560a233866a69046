"""Which records a relay holds before the media: all of its own ends, and its warm share of the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from every import every

from relay_app.probing.canaries import canary_ssrc
from relay_app.streams import RESERVED_SSRCS, streams_of
from results.run_files.plan import Plan, RelaySettings
from scenarios.language.library import LIBRARY, load_plan
from scenarios.process_faults.session_records import all_records, records_held

ONE_BLIP = Path(__file__).resolve().parent.parent.parent / "scenarios" / "one-blip.yaml"


def held(plan: Plan, cluster: str) -> tuple[int, ...]:
    return records_held(plan, streams_of(plan.sessions, plan.seed), cluster)


def test_relays_at_the_ends_hold_everything_and_a_cold_one_nothing() -> None:
    plan = load_plan(ONE_BLIP)
    every = {stream.ssrc for stream in streams_of(plan.sessions, plan.seed)}
    assert set(held(plan, "us-east")) == set(held(plan, "us-west")) == every
    assert held(plan, "us-central") == ()


@pytest.mark.parametrize(("share", "count"), [(0.5, 100), (1.0, 200), (0.013, 3)])
def test_a_warm_relay_holds_its_share(share: float, count: int) -> None:
    plan = replace(load_plan(ONE_BLIP), relays=RelaySettings("us-east", {"us-central": share}))
    assert len(set(held(plan, "us-central"))) == count
    assert held(plan, "us-central") == held(plan, "us-central")


def test_a_taken_ssrc_has_the_record_of_the_stream_that_had_it() -> None:
    plan = load_plan(LIBRARY / "cases" / "ssrc-taken.yaml")
    streams = streams_of(plan.sessions, plan.seed)
    takers, holders = ([each for each in streams if (each.taken is not None) == taken] for taken in (True, False))
    destinations = {record.ssrc: record.destination for record in all_records(plan)}
    assert {destinations[each.carried_ssrc] for each in takers} == {plan.topology.cluster("us-central").ordinal}
    assert not {each.ssrc for each in takers} & {*destinations, *held(plan, "us-east")}
    assert {each.ssrc for each in holders} <= set(held(plan, "us-east"))


def test_a_relay_that_is_watched_holds_the_records_of_the_canaries_through_it() -> None:
    """Of both other clusters; in a scenario without canaries there are none to hold."""
    watched = load_plan(LIBRARY / "incident" / "relay-canary.yaml")
    canaries = {ssrc for ssrc in held(watched, "us-central") if ssrc in RESERVED_SSRCS}
    assert canaries == {canary_ssrc(1, 2), canary_ssrc(3, 2)}
    unwatched = held(load_plan(LIBRARY / "incident" / "short.yaml"), "us-central")
    assert every(ssrc not in RESERVED_SSRCS for ssrc in unwatched)
