"""The sentences on the terminal, of runs made by arithmetic."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic_media import START, TRIANGLE
from synthetic_run import Blip

from controller.decisions import Decision
from hostio.timing import MS, S
from results.ledger.reconcile import reconcile
from results.metrics.analysis import analyse
from results.report.report import read_evidence, summarise
from results.report.summary_rows import sentences
from results.report.tables import stream_rows
from results.run_files import documents
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary
from topologies.model import Link


def summary_of(run: RunDir) -> Summary:
    evidence = read_evidence(run)
    analysis = analyse(evidence)
    return summarise(evidence, analysis, reconcile(evidence, analysis))


def move(a: str, b: str, via: str, at_s: float, *lanes: int) -> Decision:
    at_ns = START + round(at_s * S)
    return Decision(a, b, via, lanes, "why", at_ns - 3 * MS, at_ns - 2 * MS, at_ns - MS, at_ns)


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return Blip().write(tmp_path / "run")


def decide(run: RunDir, *moves: Decision) -> Summary:
    run.decisions.write_text("".join(map(documents.dump_line, moves)))
    return summary_of(run)


ALL = tuple(range(16))
WITH_MEDIA = move("us-east", "us-west", "us-central", 4.28, *ALL)
WITHOUT = move("us-central", "us-west", "us-east", 4.29, *ALL)


def test_a_local_repair_counts_from_when_the_switches_made_it(run: RunDir) -> None:
    """Packets that had passed the relay arrive from 4.32 s on; the controller's rules are confirmed at 4.5 s."""
    late = move("us-east", "us-west", "us-central", 4.5, *ALL)
    confirmed, repaired = decide(run, late), decide(run, replace(late, repaired_ns=START + 4_270 * MS))
    firsts = [summary.reroutes[0].first_packet_at for summary in (confirmed, repaired)]
    assert firsts[0] == pytest.approx(4.498, abs=0.021)
    assert firsts[1] == pytest.approx(4.28 + 0.04055, abs=0.001)
    assert [summary.reroutes[0].repaired_at for summary in (confirmed, repaired)] == [None, 4.27]
    assert [summary.reroutes[0].in_force_at for summary in (confirmed, repaired)] == [4.5, 4.27]
    assert "by the switches themselves 269 ms, installed 499 ms" in next(iter(sentences(repaired)))
    assert "by the switches" not in next(iter(sentences(confirmed)))


def test_a_local_repair_that_the_controller_heard_of_late_counts_from_the_fault(run: RunDir) -> None:
    """It was cut off: it heard at 5.4 s, and confirmed at 5.5 s what packets had passed from 4.32 s on."""
    late = replace(move("us-east", "us-west", "us-central", 5.5, *ALL), repaired_ns=START + 5_400 * MS)
    (reroute,) = decide(run, late).reroutes
    assert (reroute.fault_at, reroute.repaired_at) == (4.001, 5.4)
    assert reroute.first_packet_at == pytest.approx(4.28 + 0.04055, abs=0.001)
    assert reroute.parts is not None
    assert reroute.parts.first_packet_ms == 0.0


def test_a_reroute_of_a_pair_without_sessions_is_told_apart(run: RunDir) -> None:
    summary = decide(run, WITH_MEDIA, WITHOUT)
    assert [(row.link, row.directions) for row in summary.reroutes] == [
        ("us-east–us-west", 8),
        ("us-central–us-west", 0),
    ]
    assert summary.media.reroutes == 1
    with_media, without = sentences(summary)
    assert with_media.startswith("us-east–us-west rerouted via us-central: ")
    assert "no session" not in with_media
    assert without.startswith("us-central–us-west rerouted via us-east: ")
    assert without.endswith("; no session moved")


def test_many_reroutes_without_sessions_are_counted(run: RunDir) -> None:
    summary = decide(run, WITH_MEDIA, WITHOUT)
    moved, idle = summary.reroutes
    others = [replace(idle, link=f"us-central–us-{number}") for number in range(4)]
    told, counted = sentences(replace(summary, reroutes=[others[0], moved, *others[1:]]))
    assert told.startswith("us-east–us-west rerouted via us-central: ")
    assert counted == "4 reroutes more moved no session"
    assert list(sentences(replace(summary, reroutes=others))) == ["4 reroutes moved no session"]


def test_a_reroute_over_two_relays_is_told_with_both(run: RunDir) -> None:
    summary = decide(run, WITH_MEDIA)
    over_two = replace(summary, reroutes=[replace(row, then="us-north") for row in summary.reroutes])
    (sentence,) = sentences(over_two)
    assert sentence.startswith("us-east–us-west rerouted via us-central and us-north: ")


def test_a_reroute_is_told_with_what_the_longest_silence_is_made_of(run: RunDir) -> None:
    """Of the first listener at us-east: its packets are sent 1/8 ms after multiples of 20 ms, the last before the
    blackhole, which is applied at 4.001 s, at 3.98 s."""
    (sentence,) = sentences(decide(run, WITH_MEDIA))
    assert sentence.endswith(
        "; the longest silence, 309.4 ms: detect 276.0, decide 1.0, install 2.0, first packet 0.1, relay 25.2, "
        "recovered 15.3, under way -31.1, unexplained 20.9"
    )


def test_steps_of_a_paced_reroute_count_the_streams_of_their_lanes(run: RunDir) -> None:
    steps = [replace(move("us-east", "us-west", "us-central", 4.28 + lane / 16, lane), seen_ns=START) for lane in ALL]
    summary = decide(run, *steps)
    by_lane = [row.directions for row in summary.reroutes]
    assert sum(by_lane) == 8
    assert summary.media.reroutes == sum(1 for count in by_lane if count)
    assert 0 in by_lane
    (sentence,) = sentences(summary)
    assert "16 steps" in sentence
    assert "no session" not in sentence


def test_pauses_are_said_and_counted_apart_from_interruptions(run: RunDir) -> None:
    """Two packets in a row, 35 ms late each, of one stream; the links have as much jitter as that."""
    evidence = read_evidence(run)
    rows = evidence.recording.received["us-west"].copy()
    late = np.flatnonzero(rows["ssrc"] == rows["ssrc"][0])[20:22]
    rows["received_ns"][late] += 35 * MS
    received = {**evidence.recording.received, "us-west": rows}
    evidence = replace(evidence, recording=replace(evidence.recording, received=received))
    smooth = summarise(evidence, analysis := analyse(evidence), reconcile(evidence, analysis))
    assert (smooth.media.interruptions, smooth.media.pauses, smooth.media.longest_pause_ms) == (9, 0, 0.0)
    links = tuple(
        Link.alike(link.a, link.b, link.there.delay_ns, 20 * MS if link.a == "us-east" else 0)
        for link in TRIANGLE.links
    )
    plan = replace(evidence.plan, topology=replace(TRIANGLE, links=links))
    evidence = replace(evidence, plan=plan)
    jittery = summarise(evidence, analysis := analyse(evidence), reconcile(evidence, analysis))
    assert (jittery.media.interruptions, jittery.media.pauses, jittery.media.longest_pause_ms) == (8, 1, 55.0)
    assert [(pair.source, pair.pauses) for pair in jittery.pairs] == [("us-east", 1), ("us-west", 0)]
    assert next(sentences(jittery)).startswith("1 pause without loss")
    rows_of = {row.ssrc: row for row in stream_rows(analysis)}
    assert [(row.pauses, row.longest_pause_ms) for row in rows_of.values() if row.pauses] == [(1, 55.0)]
