"""Reroutes taken apart, in the run of `reroute_lab`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from reroute_lab import (
    DECIDED,
    DIRECT,
    INSTALLED,
    LAST_LEG,
    LEG,
    MOVED,
    RETURNED,
    SEEN,
    WATCHED,
    WRITTEN,
    change,
    decision,
    lane_of_first_stream,
    ns,
    row_of,
    rows_of,
    watched_blip,
)
from synthetic_media import TRIANGLE
from synthetic_run import Blip, with_relay

from controller.decisions import Decision
from hostio.timing import MS
from relay_app.drop_reasons import DropReason
from relay_app.records import RELAY_FATE
from results.ledger.reconcile import reconcile
from results.metrics.analysis import Evidence, analyse
from results.metrics.reroute_packets import way_of
from results.report.report import read_evidence
from results.report.reroute_sentence import reroute_sentence
from results.run_files.plan import Expectation
from results.verdict.findings import find
from results.verdict.verdict import evaluate


@pytest.fixture(scope="module")
def blip(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return watched_blip(tmp_path_factory.mktemp("run"))


def test_the_times_of_the_controller_and_its_detector(blip: Evidence) -> None:
    row = row_of(blip)
    assert (row.fault_at, row.seen_at, row.detector) == (4.0, SEEN, "link")
    assert (row.decided_at, row.flow_mods_sent_at) == (DECIDED, WRITTEN)
    assert (row.barrier_at, row.installed_at, row.returned_at) == (INSTALLED, INSTALLED, RETURNED)


def test_the_times_of_a_lane_are_those_of_its_packets(blip: Evidence) -> None:
    lane = lane_of_first_stream(blip, row_of(blip))
    assert lane.first_packet_sent_at == MOVED
    assert lane.relay_first_output_at == pytest.approx(MOVED + LEG / 1e3)
    assert lane.first_packet_at == lane.media_recovered_at == pytest.approx(MOVED + (LEG + LAST_LEG) / 1e3)
    assert lane.returned_at == RETURNED


def test_the_parts_of_a_lane_are_those_of_the_arithmetic(blip: Evidence) -> None:
    """The last packet before the fault was sent at 3.98 s, one interval before it; the next at 4 s met it."""
    lane = lane_of_first_stream(blip, row_of(blip))
    assert lane.interruption_ms == pytest.approx(1e3 * (MOVED - 3.98) + LEG + LAST_LEG - DIRECT)
    assert lane.parts is not None
    assert (lane.parts.detect_ms, lane.parts.decide_ms, lane.parts.install_ms) == (250, 0.5, 4.5)
    assert lane.parts.first_packet_ms == pytest.approx(1e3 * (MOVED - INSTALLED))
    assert (lane.parts.relay_ms, lane.parts.recovered_ms, lane.parts.under_way_ms) == (LEG, LAST_LEG, -DIRECT)
    assert lane.parts.unexplained_ms == pytest.approx(20.0)
    assert lane.parts.still is False


def test_every_lane_adds_up_within_one_packet_interval(blip: Evidence) -> None:
    row = row_of(blip)
    assert sum(lane.directions for lane in row.by_lane) == row.directions == 8
    for lane in row.by_lane:
        assert lane.parts is not None
        assert 0 <= lane.parts.unexplained_ms <= 20.001
        assert lane.interruption_ms is not None
        assert lane.interruption_ms <= (row.interruption_ms or 0)


def test_the_row_is_the_earliest_and_the_latest_of_its_lanes(blip: Evidence) -> None:
    row = row_of(blip)
    assert row.first_packet_at == min(lane.first_packet_at or 99 for lane in row.by_lane)
    assert row.relay_first_output_at == min(lane.relay_first_output_at or 99 for lane in row.by_lane)
    assert row.media_recovered_at == max(lane.media_recovered_at or 0 for lane in row.by_lane)
    assert row.parts in [lane.parts for lane in row.by_lane if lane.interruption_ms == row.interruption_ms]


def test_a_log_of_before_has_no_time_of_the_flow_mods(blip: Evidence) -> None:
    before = [replace(each, written_ns=None) if isinstance(each, Decision) else each for each in WATCHED]
    row = row_of(blip, before)
    assert (row.flow_mods_sent_at, row.barrier_at) == (None, INSTALLED)
    assert row.parts == row_of(blip).parts


def test_a_packet_that_the_relay_dropped_was_the_first_on_the_new_path(blip: Evidence) -> None:
    """The one sent at 4.26 s reached the relay, which was cold: what came after is the relay's part. One that it had
    dropped before the decision, sent at 4.2 s, took an older path."""
    stream = blip.recording.streams[0]
    rows = np.zeros(2, RELAY_FATE)
    rows["ssrc"], rows["seq"], rows["reason"] = stream.ssrc, [65_000 + 210, 65_000 + 213], int(DropReason.COLD)
    rows["at_ns"] = [ns(4.2) + round(LEG * MS), ns(4.26) + round(LEG * MS)]
    fates = {**blip.recording.relay_fates, "us-central": rows}
    told = replace(blip, recording=replace(blip.recording, relay_fates=fates))
    before, lane = (lane_of_first_stream(each, row_of(each)) for each in (blip, told))
    assert (before.first_packet_sent_at, lane.first_packet_sent_at) == (MOVED, 4.26)
    assert lane.first_packet_at == before.first_packet_at
    assert before.parts is not None
    assert lane.parts is not None
    assert lane.parts.first_packet_ms == pytest.approx(5)
    assert lane.parts.relay_ms == pytest.approx(LEG + 20)
    assert lane.parts.unexplained_ms == pytest.approx(before.parts.unexplained_ms)


def test_a_relay_that_gives_out_nothing_leaves_the_lanes_unrecovered(tmp_path: Path) -> None:
    run = Blip(sessions=4, rerouted_s=11.999, returned_s=20).write(tmp_path / "run")
    row = row_of(read_evidence(run), WATCHED[:3])
    assert (row.first_packet_at, row.relay_first_output_at, row.media_recovered_at) == (None, None, None)
    assert row.parts is not None
    assert row.parts.still
    assert (row.parts.first_packet_ms, row.parts.relay_ms, row.parts.recovered_ms) == (None, None, None)
    known = 250 - 1 + 0.5 + 4.5 - DIRECT  # the fault was applied at 4.001 s
    assert row.parts.unexplained_ms == pytest.approx((row.interruption_ms or 0) - known)


def test_a_silence_that_goes_on_when_all_was_taken_back_is_none_of_the_reroute(tmp_path: Path) -> None:
    """As of an isolated cluster; one that ends with the return is."""
    evidence = read_evidence(Blip(sessions=4, rerouted_s=11.999, returned_s=20).write(tmp_path / "run"))
    heard_s = {each.ended_ns for each in analyse(evidence).interruptions}
    for returned_ns, silent in ((ns(4.3), False), (min(heard_s) - 251 * MS, False), (min(heard_s) - 249 * MS, True)):
        back = replace(decision(None), decided_ns=returned_ns, installed_ns=returned_ns)
        row = row_of(evidence, [*WATCHED[:3], back])
        assert row.first_packet_at is None
        assert row.returned_at == pytest.approx((returned_ns - ns(0)) / 1e9)
        assert (row.parts is not None) == (row.interruption_ms is not None) == silent


def test_a_reroute_that_found_nobody_silent_has_no_parts(blip: Evidence) -> None:
    nobody = [replace(each, a="us-central", via="us-east" if each.via else None) for each in WATCHED[2:]]
    row = row_of(blip, nobody)
    assert (row.directions, row.by_lane, row.parts, row.interruption_ms) == (0, [], None, None)
    assert (row.media_recovered_at, row.first_packet_at, row.returned_at) == (None, None, RETURNED)


def test_a_later_move_of_a_lane_has_its_own_packets(blip: Evidence) -> None:
    """Moved again at 6 s, over two relays: no packet passed both, and none of those over the one is taken for it."""
    again = replace(decision(), then="us-north", seen_ns=ns(5.9), decided_ns=ns(6.0), installed_ns=ns(6.01))
    north = replace(TRIANGLE.clusters[1], name="us-north", ordinal=4)
    topology = replace(
        TRIANGLE,
        clusters=(*TRIANGLE.clusters, north),
        links=(*TRIANGLE.links, replace(TRIANGLE.links[0], a="us-central", b="us-north")),
    )
    told = replace(blip, plan=replace(blip.plan, topology=topology))
    first, second = rows_of(told, [*WATCHED[:3], again, decision(None)])
    assert first.parts == row_of(blip).parts
    assert (second.first_packet_at, second.parts) == (None, None)


def test_a_move_that_carried_nothing_is_not_credited_with_the_packets_of_a_later_one(blip: Evidence) -> None:
    early, back = (
        replace(each, decided_ns=ns(at), installed_ns=ns(at)) for each, at in ((decision(), 1), (decision(None), 2))
    )
    first, second = rows_of(blip, [change("us-east", "us-west"), early, back, decision(), decision(None)])
    assert (first.first_packet_at, first.media_recovered_at, first.returned_at) == (None, None, 2.0)
    assert second.parts == row_of(blip).parts


def test_a_move_onto_a_relay_that_was_used_before_begins_with_what_came_after_its_decision(blip: Evidence) -> None:
    """At 7 s; of the first stream a packet sent at 6.96 s is the next to arrive, 40.55 ms later."""
    back, again = (
        replace(each, decided_ns=ns(at), installed_ns=ns(at)) for each, at in ((decision(None), 6), (decision(), 7))
    )
    _, second = rows_of(blip, [*WATCHED[:3], back, again, decision(None)])
    assert lane_of_first_stream(blip, second).first_packet_at == pytest.approx(7.00055)


def test_a_gap_after_media_had_come_back_is_none_of_the_reroute(tmp_path: Path) -> None:
    """Rerouted with the fault, so that no packet was lost; of the first stream those sent from 7 to 7.5 s were."""
    evidence = read_evidence(Blip(sessions=4, rerouted_s=4.0).write(tmp_path / "run"))
    stream = evidence.recording.streams[0]
    rows = evidence.recording.received["us-west"]
    gap = (rows["ssrc"] == stream.ssrc) & (rows["sent_ns"] >= ns(7.0)) & (rows["sent_ns"] < ns(7.5))
    received = {**evidence.recording.received, "us-west": rows[~gap]}
    told = replace(evidence, recording=replace(evidence.recording, received=received))
    assert len(analyse(told).interruptions) == 1
    row = row_of(told, [change("us-east", "us-west", 3.9), decision(seen=3.9), decision(None)])
    assert (row.parts, row.interruption_ms, row.media_recovered_at) == (None, None, None)
    assert row.first_packet_at == pytest.approx(4.26055)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("reroutes.0.parts.detect_ms", 250.0),
        ("reroutes.0.decided_at", DECIDED),
        ("reroutes.0.flow_mods_sent_at", WRITTEN),
        ("reroutes.1.parts.detect_ms", None),
    ],
)
def test_expectations_find_the_parts_of_a_reroute(blip: Evidence, metric: str, value: float | None) -> None:
    analysis = analyse(blip)
    findings = find(blip, analysis, reconcile(blip, analysis))
    row = evaluate(Expectation(metric, "<=", 250.0, metric), findings)
    assert (row.value, row.ok) == (value, None if value is None else True)


def test_a_way_over_two_relays_is_turned_round_with_its_direction() -> None:
    over_two = replace(decision(), then="us-north")
    assert way_of("us-east", "us-west", over_two) == ("us-east", "us-central", "us-north", "us-west")
    assert way_of("us-west", "us-east", over_two) == ("us-west", "us-north", "us-central", "us-east")
    assert way_of("us-east", "us-west", None) == ("us-east", "us-west")


def test_a_move_of_one_direction_is_of_its_streams_alone(tmp_path: Path) -> None:
    evidence = watched_blip(tmp_path)
    both = row_of(evidence)
    there, back = replace(decision(), one_way=True), replace(decision(), a="us-west", b="us-east", one_way=True)
    for move, name in ((there, "us-east→us-west"), (back, "us-west→us-east")):
        row = row_of(
            evidence, [*WATCHED[:2], move, replace(move, via=None, decided_ns=ns(RETURNED), installed_ns=ns(RETURNED))]
        )
        assert (row.link, row.directions) == (name, both.directions // 2)
        assert row.returned_at == RETURNED
    own = row_of(evidence, [*WATCHED[:2], there, replace(decision(None), a="us-west", b="us-east", one_way=True)])
    assert own.returned_at is None, "the other direction's return is not its own"


def test_the_return_puts_packets_out_of_order_that_the_relay_kept_longer_than_an_interval(tmp_path: Path) -> None:
    """The last packets over the relay, sent 20, 40 and 60 ms before the first on the direct path, take 69.4 ms more."""
    evidence = watched_blip(tmp_path, kept_ms=60.0)
    row = row_of(evidence)
    assert [lane.reordered for lane in row.by_lane] == [3 * lane.directions for lane in row.by_lane]
    assert row.reordered == 3 * 8 == np.count_nonzero(analyse(evidence).order.reordered)
    assert "; 24 packets overtaken by others on the other path" in reroute_sentence([row])


def test_a_way_that_is_shorter_by_less_than_an_interval_leaves_the_order(blip: Evidence) -> None:
    row = row_of(blip)
    assert (row.reordered, {lane.reordered for lane in row.by_lane}) == (0, {0})
    assert "overtaken" not in reroute_sentence([row])


def test_packets_that_do_not_tell_their_way_are_not_counted(blip: Evidence) -> None:
    row = row_of(with_relay(blip, "us-central", path_log=False))
    assert (row.reordered, {lane.reordered for lane in row.by_lane}) == (None, {None})
