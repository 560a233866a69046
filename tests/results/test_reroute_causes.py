"""What a reroute is due to, in the run of `reroute_lab`: which detector saw it, which fault, and where that was."""

from __future__ import annotations

from dataclasses import replace

import pytest
from reroute_lab import (
    DIRECT,
    LAST_LEG,
    LEG,
    change,
    decision,
    frozen,
    lane_of_first_stream,
    ns,
    row_of,
    rows_of,
    watched_blip,
)
from synthetic_media import BLIP, START, TRIANGLE

from hostio.timing import MS
from results.metrics.analysis import Evidence
from results.metrics.reroute_causes import Cause
from results.run_files.events import FaultEdge
from results.run_files.faults import Fault
from topologies.model import Direction


@pytest.fixture(scope="module")
def blip(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return watched_blip(tmp_path_factory.mktemp("run"))


def test_without_the_change_of_health_the_detector_is_unknown_and_the_fault_that_of_the_direct_path(
    blip: Evidence,
) -> None:
    row = row_of(blip, [decision(), decision(None)])
    assert (row.detector, row.fault_at) == (None, 4.0)


def test_a_fault_that_came_after_what_was_seen_is_not_its_cause(blip: Evidence) -> None:
    seen = 3.9
    row = row_of(blip, [change("us-east", "us-west", seen), decision(seen=seen), decision(None)])
    assert row.fault_at is None
    assert row.parts is not None
    assert (row.parts.detect_ms, row.parts.under_way_ms) == (None, None)
    parts = (row.parts.decide_ms, row.parts.install_ms, row.parts.first_packet_ms, row.parts.relay_ms)
    known = sum(each for each in (*parts, row.parts.recovered_ms) if each is not None)
    assert row.parts.unexplained_ms == pytest.approx((row.interruption_ms or 0) - known)


def test_a_relay_that_canaries_found_is_due_to_the_fault_of_that_relay(blip: Evidence) -> None:
    """Also if one of the link came later."""
    start = FaultEdge(1, "start", ns(3.9), ns(3.9), ns(3.9), ns(3.9))
    told = replace(
        blip, plan=replace(blip.plan, faults=(*blip.plan.faults, frozen("us-west"))), events=(*blip.events, start)
    )
    seen = change("us-east", "us-west", canary=True)
    moved = replace(decision(), reason="relay us-west, to us-east: no canary for 250 ms")
    row = row_of(told, [change("us-east", "us-west"), seen, moved, decision(None)])
    assert (row.detector, row.fault_at) == ("relay-canary", 3.9)
    assert row_of(told).fault_at == 4.0


def test_a_change_to_clean_is_no_reason_of_a_reroute(blip: Evidence) -> None:
    clean = replace(change("us-central", "us-west"), before="down", after="clean")
    assert row_of(blip, [clean, decision(), decision(None)]).detector is None


def test_the_leg_of_a_relay_path_that_failed_is_the_place_of_the_fault(blip: Evidence) -> None:
    """The pair was over us-central already when the link from there was cut, at 4.05 s."""
    leg = replace(BLIP, directions=(Direction("us-central", "us-west"),))
    start = FaultEdge(1, "start", ns(4.05), ns(4.05), ns(4.05), ns(4.05))
    told = replace(blip, plan=replace(blip.plan, faults=(BLIP, leg)), events=(*blip.events, start))
    moved = replace(decision(), reason="us-central→us-west: no probe for 200 ms")
    early = replace(decision(), decided_ns=ns(1), installed_ns=ns(1))
    _, row = rows_of(told, [early, change("us-central", "us-west"), moved, decision(None)])
    assert row.fault_at == 4.05
    parts = lane_of_first_stream(told, row).parts
    assert parts is not None
    assert (parts.detect_ms, parts.under_way_ms) == (200, -LAST_LEG)


def test_a_direction_that_the_fault_spared_has_no_part_of_it(blip: Evidence) -> None:
    """As if only us-east→us-west had been cut: of the other direction nothing was detected."""
    one_way = replace(BLIP, directions=(Direction("us-east", "us-west"),))
    row = row_of(replace(blip, plan=replace(blip.plan, faults=(one_way,))))
    sources = {
        lane.lane: {each.source for each in blip.recording.streams if each.lane == lane.lane} for lane in row.by_lane
    }
    found = {
        (*sources[lane.lane], lane.parts.detect_ms, lane.parts.under_way_ms)
        for lane in row.by_lane
        if lane.parts and len(sources[lane.lane]) == 1
    }
    assert found == {("us-east", 250.0, -DIRECT), ("us-west", None, None)}


@pytest.mark.parametrize(
    ("fault", "way", "beyond_ms"),
    [
        (BLIP, ("us-east", "us-west"), DIRECT),
        (BLIP, ("us-east", "us-central", "us-west"), None),
        (
            replace(BLIP, directions=(Direction("us-central", "us-west"),)),
            ("us-east", "us-central", "us-west"),
            LAST_LEG,
        ),
        (replace(BLIP, directions=(Direction("us-central", "us-west"),)), ("us-west", "us-central", "us-east"), None),
        (replace(BLIP, directions=TRIANGLE.directions), ("us-east", "us-central", "us-west"), LEG + LAST_LEG),
        (frozen("us-central"), ("us-east", "us-central", "us-west"), LAST_LEG),
        (frozen("us-west"), ("us-east", "us-central", "us-west"), 0),
        (frozen("us-central"), ("us-east", "us-west"), None),
    ],
)
def test_what_is_past_the_faults_place_takes_the_links_from_there(
    fault: Fault, way: tuple[str, ...], beyond_ms: float | None
) -> None:
    assert Cause(START, fault).beyond_ns(TRIANGLE, way) == (None if beyond_ms is None else round(beyond_ms * MS))
