"""Whole runs with BFD over the links: what the switches do by themselves, with a controller and without."""

from __future__ import annotations

import csv
from itertools import product

import pytest
from event_lab import PACKET_MS, Ran, ran
from every import every
from run_record import RunRecord

pytestmark = pytest.mark.root

INTERVAL_MS, MULTIPLIER = 20, 3
WAY_MS = 31.15
"""Of the link, one way; over the centre it is 37.5 ms."""
DETOUR_MS = 37.5

REPAIR = """\
name: repair
topology: us-triangle
duration: 11s
sessions:
  - {between: [us-east, us-west], count: 4, media: voice}
relays: {warm: {us-central: 100%}}
controller: {detect: [bfd], bfd_interval: 20ms, hold: 500ms}
events:
  - {at: 1s, what: blackhole, link: [us-east, us-west], for: 500ms}
  - {at: 5s, what: blackhole, link: [us-east, us-west], direction: forward, for: 500ms}
  - {at: 8500ms, what: controller-cut, for: 2s}
  - {at: 9s, what: blackhole, link: [us-east, us-west], for: 500ms}
"""
BOTH_WAYS_S, ONE_WAY_S, CUT_OFF_S = 1.1, 5.1, 9.1

EARLIEST_MS = WAY_MS + (MULTIPLIER - 1) * INTERVAL_MS * 0.75
"""From a fault until a session goes down: the last packets are under way, and packets come up to a quarter of an
interval early (RFC 5880 §6.8.7)."""
LATEST_MS = WAY_MS + MULTIPLIER * INTERVAL_MS
LONGEST_MS = LATEST_MS + DETOUR_MS + PACKET_MS
"""Of a gap: in the worst case, a fault in one direction, the sender learns of it a way later than the end that misses
packets, and its first packet takes the detour's time, not the way's."""
SLACK_MS = 40.0


@pytest.fixture(scope="module")
def repair(runs: RunRecord, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One process runs all switches: held up for three intervals it takes every link for silent, and moves lanes that
    have no reason to."""
    bounds = (0.0, LONGEST_MS + SLACK_MS)
    run = ran(runs, tmp_path_factory.mktemp("repair"), REPAIR, lambda _: {BOTH_WAYS_S: bounds, CUT_OFF_S: bounds})
    run.require(run.undisturbed or only_faults_were_seen(run))
    return run


def only_faults_were_seen(run: Ran) -> bool:
    """Each session that went down did so within a second of a fault, or was heard of when the cut was over."""
    seen_s = [
        (each["at_ns"] - run.start_ns()) / 1e9
        for each in run.lines("controller.jsonl")
        if each["kind"] == "health" and each["after"] == "down"
    ]
    return every(any(begin_s <= at_s < begin_s + 1 for begin_s in (1, 5, 9, 10.5)) for at_s in seen_s)


def test_a_silent_link_is_left_in_the_detection_time(repair: Ran) -> None:
    """Every listener has a gap, shorter than probes (five of 50 ms) could have made it."""
    assert len(repair.silences_ms(BOTH_WAYS_S)) == 8
    assert repair.bears(max(repair.silences_ms(BOTH_WAYS_S)) <= LONGEST_MS + SLACK_MS)


def test_a_fault_in_one_direction_takes_both_ends_to_the_relay(repair: Ran) -> None:
    """Only listeners in the west hear a gap, and both directions are moved."""
    with (repair.root / "interruptions.csv").open() as table:
        rows = [row for row in csv.DictReader(table) if 4.9 < float(row["started_at_s"]) < 5.5]
    assert {row["destination"] for row in rows} == {"us-west"}
    assert repair.bears(max(float(row["length_ms"]) for row in rows) <= LONGEST_MS + SLACK_MS)
    changes = [each for each in repair.lines("controller.jsonl") if each["kind"] == "health"]
    down_ns = repair.start_ns() + 5e9
    fallen = [each for each in changes if down_ns < each["at_ns"] < down_ns + 5e8 and each["after"] == "down"]
    assert {(each["source"], each["destination"]) for each in fallen} == {
        ("us-east", "us-west"),
        ("us-west", "us-east"),
    }


def test_without_a_controller_the_switches_do_the_same(repair: Ran) -> None:
    """It is cut off half a second before the link is; no decision of it can reach a switch until 10.5 s."""
    assert len(repair.silences_ms(CUT_OFF_S)) == 8
    assert repair.bears(max(repair.silences_ms(CUT_OFF_S)) <= LONGEST_MS + SLACK_MS)
    with (repair.root / "interruptions.csv").open() as table:
        rows = [row for row in csv.DictReader(table) if 8.9 < float(row["started_at_s"]) < 9.5]
    assert {row["resumed_via"] for row in rows} == {"via us-central"}
    cut_off = repair.summary["reroutes"][2]
    assert cut_off["first_packet_at"] < 9.5
    assert cut_off["repaired_at"] > 10.5, "when it heard of it"


def test_records_agree_with_what_the_packets_passed(repair: Ran) -> None:
    """By the path logs in the packets: the first over the relay came after the switches had gone over to it."""
    for reroute in repair.summary["reroutes"][:2]:
        assert reroute["via"] == "us-central"
        assert reroute["fault_at"] < reroute["repaired_at"] <= reroute["seen_at"] < reroute["installed_at"]
        earliest_ms = 1e3 * (reroute["repaired_at"] - reroute["fault_at"])
        assert earliest_ms >= EARLIEST_MS
        assert repair.bears(earliest_ms <= LATEST_MS + WAY_MS + SLACK_MS)
        assert repair.bears(reroute["first_packet_at"] >= reroute["repaired_at"] + (DETOUR_MS - 5) / 1e3)
        assert repair.bears(reroute["first_packet_at"] <= reroute["repaired_at"] + (DETOUR_MS + 60) / 1e3)


def test_every_packet_is_accounted_for(repair: Ran) -> None:
    assert repair.bears(repair.summary["ledger"]["unexplained"] == 0)
    causes = {cause for row in repair.summary["ledger"]["routes"] for cause in row["lost"]}
    planned = {f"link {a}→{b}: blackhole" for a, b in product(("us-east", "us-west"), repeat=2) if a != b}
    assert repair.bears(causes == planned)
