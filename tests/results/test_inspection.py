"""The life of a session, of a run made by arithmetic: a blackhole from 4 to 6 s, with a reroute at 4.28 s."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from synthetic_run import Blip

from hostio.timing import MS, S
from relay_app.drop_reasons import DropReason
from relay_app.records import RELAY_FATE
from results.inspection.lines import session_lines
from results.inspection.packet_life import PacketLife, Step
from results.inspection.session_life import SessionLife, StreamLife, session_life, session_names
from results.metrics.analysis import Analysis, Evidence, analyse
from results.report.report import read_evidence
from topologies.link_backend import FATES

EAST, CENTRAL, WEST = "us-east", "us-central", "us-west"


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return read_evidence(Blip(sessions=2).write(tmp_path_factory.mktemp("inspected") / "run"))


@pytest.fixture(scope="module")
def analysis(evidence: Evidence) -> Analysis:
    return analyse(evidence)


@pytest.fixture(scope="module")
def session(evidence: Evidence) -> str:
    return session_names(evidence)[1]


@pytest.fixture(scope="module")
def life(evidence: Evidence, analysis: Analysis, session: str) -> SessionLife:
    return session_life(evidence, analysis, session)


def from_east(life: SessionLife) -> StreamLife:
    (stream,) = (each for each in life.streams if each.source == EAST)
    return stream


def passed(packet: PacketLife) -> list[str]:
    assert [step.what for step in packet.steps[1:-1]] == ["passed"] * len(packet.steps[1:-1])
    assert {step.at for step in packet.steps[1:-1]} == {None}
    return [step.where for step in packet.steps[1:-1]]


def test_a_session_is_both_directions_with_the_packets_round_their_interruption(life: SessionLife) -> None:
    """600 packets each, 20 ms apart, of which those from 4 s to 4.28 s are lost: 14."""
    assert {(each.source, each.destination) for each in life.streams} == {(EAST, WEST), (WEST, EAST)}
    for stream in life.streams:
        assert (stream.sent, stream.received, stream.lost, stream.interruptions) == (600, 586, 14, 1)
        (window,) = stream.windows
        assert window.why.startswith("interruption of 3")
        assert [each.fate for each in window.packets] == ["received"] * 3 + ["lost"] * 14 + ["received"] * 3
        numbers = [each.seq for each in window.packets]
        assert numbers == list(range(numbers[0], numbers[0] + 20))


def test_a_packet_that_arrived_passed_the_relays_of_its_log_and_the_links_between(life: SessionLife) -> None:
    packets = from_east(life).windows[0].packets
    before, after = packets[2], packets[-3]
    assert passed(before) == [f"relay {EAST}", f"link {EAST}→{WEST}", f"relay {WEST}"]
    legs = [f"link {EAST}→{CENTRAL}", f"relay {CENTRAL}", f"link {CENTRAL}→{WEST}"]
    assert passed(after) == [f"relay {EAST}", *legs, f"relay {WEST}"]
    for each in (before, after):
        first, last = each.steps[0], each.steps[-1]
        assert (first.where, first.what, last.where, last.what) == (
            f"client {EAST}",
            "sent",
            f"client {WEST}",
            "received",
        )
        assert ((last.at or 0) - (first.at or 0)) * 1e3 == pytest.approx(each.one_way_ms, abs=0.002)


def test_a_packet_that_was_lost_says_where_when_and_to_what(life: SessionLife) -> None:
    """The blackhole took each a millisecond after it was sent."""
    for each in from_east(life).windows[0].packets[3:-3]:
        (sent, lost) = each.steps
        assert (lost.where, lost.what) == (f"link {EAST}→{WEST}", "lost: blackhole")
        assert (lost.at or 0) - (sent.at or 0) == pytest.approx(0.001, abs=1e-6)


def test_faults_and_reroutes_stand_between_the_packets(life: SessionLife) -> None:
    assert [(round(each.at, 2), each.what.partition(":")[0]) for each in life.happenings] == [
        (4.0, f"blackhole on {EAST}–{WEST} begins"),
        (4.28, f"{EAST}–{WEST} via {CENTRAL}"),
        (6.0, f"blackhole on {EAST}–{WEST} ends"),
        (9.1, f"{EAST}–{WEST} direct"),
    ]
    lines = list(session_lines(life))
    (before, begins, after) = next(lines[at - 1 : at + 2] for at, line in enumerate(lines) if "begins" in line)
    assert float(before[:13]) < float(begins[:13]) == 4.001 < float(after[:13])
    assert any("8 more alike" in line for line in lines)
    assert not any("more alike" in line for line in session_lines(life, whole=True))


def test_at_a_time_and_all(evidence: Evidence, analysis: Analysis, session: str) -> None:
    at = from_east(session_life(evidence, analysis, session, at_ns=8 * S)).windows[0].packets
    assert all(abs(each.sent_at - 8) <= 0.1 for each in at)
    assert len(at) in (10, 11)
    every = from_east(session_life(evidence, analysis, session, every=True)).windows[0].packets
    assert Counter(each.fate for each in every) == {"received": 586, "lost": 14}


def test_what_netem_does_to_single_packets_is_not_told(evidence: Evidence, analysis: Analysis, session: str) -> None:
    environment = evidence.plan.environment
    assert environment is not None
    plan = replace(evidence.plan, environment=replace(environment, link_backend="netem"))
    recording = replace(evidence.recording, link_fates=evidence.recording.link_fates[:0])
    life = session_life(replace(evidence, plan=plan, recording=recording), analysis, session)
    assert not life.links_told
    lost = from_east(life).windows[0].packets[3]
    assert lost.steps[1] == Step("not told", "netem does not record what links do to single packets", None)
    assert "not told" in list(session_lines(life))[1]


def test_a_loss_that_no_record_has_is_said_to_be_without(evidence: Evidence, analysis: Analysis, session: str) -> None:
    recording = replace(evidence.recording, link_fates=evidence.recording.link_fates[:0])
    life = session_life(replace(evidence, recording=recording), analysis, session)
    assert from_east(life).windows[0].packets[3].steps[1].what == "no record says where it ended"


def test_a_relays_drop_and_a_links_copy_are_told(evidence: Evidence, analysis: Analysis, session: str) -> None:
    stream = next(each for each in analysis.matched.streams if (each.session, each.source) == (session, EAST))
    fates = evidence.recording.link_fates.copy()
    mine = np.flatnonzero(fates["ssrc"] == stream.ssrc)
    sent = evidence.recording.sent[EAST]
    passing = sent[(sent["ssrc"] == stream.ssrc)][100]
    fates[mine[0]]["what"], fates[mine[0]]["seq"] = FATES.index("duplicated"), passing["seq"] % 65536
    fates[mine[0]]["at_ns"] = passing["sent_ns"] + MS
    dropped = np.zeros(1, RELAY_FATE)
    lost = sent[sent["ssrc"] == stream.ssrc][200]
    dropped["ssrc"], dropped["seq"] = stream.ssrc, lost["seq"] % 65536
    dropped["reason"], dropped["at_ns"] = DropReason.COLD, lost["sent_ns"] + 9 * MS
    recording = replace(evidence.recording, link_fates=fates, relay_fates={CENTRAL: dropped})
    life = session_life(replace(evidence, recording=recording), analysis, session, every=True)
    packets = from_east(life).windows[0].packets
    copied = packets[100].steps[2]
    assert (copied.where, copied.what) == (f"link {EAST}→{WEST}", "duplicated")
    cold = packets[200].steps[1]
    assert (cold.where, cold.what) == (f"relay {CENTRAL}", "lost: cold")
    assert (cold.at or 0) - packets[200].sent_at == pytest.approx(0.009, abs=1e-6)
