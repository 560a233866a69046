"""Figures of WebRTC calls, of packets and logs made by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import numpy as np
import pytest
from synthetic_media import START
from synthetic_run import Blip

from hostio.timing import MS, S
from relay_app.records import RELAYED_PACKET
from relay_app.webrtc_calls import CallGroup
from results.bounds.interval import Interval
from results.ledger.reconcile import reconcile
from results.metrics.analysis import Evidence, analyse
from results.metrics.metric_names import WEBRTC_METRICS
from results.metrics.webrtc_figures import extended, webrtc_figures
from results.report.report import read_evidence
from results.run_files.peer_log import InboundStream, PeerRecord, peer_record
from results.run_files.records import Rows
from results.verdict.findings import find

GROUP = CallGroup("call", "us-east", "us-west", 1, ("us-central",), 4 * S)
EAST, WEST = 0xE, 0xA
FRAME, WAY = 20 * MS, 34 * MS

Packet = tuple[int, int]
"""Sequence number, and when it was sent, ns since the media start."""


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    return read_evidence(Blip(sessions=4).write(tmp_path / "run"))


def every_20_ms(first: int, until_ns: int, seq: int = 0) -> list[Packet]:
    return [(seq + number, at) for number, at in enumerate(range(first, until_ns, FRAME))]


def rows(evidence: Evidence, out: Sequence[Packet], back: Sequence[Packet], mine: int, theirs: int) -> Rows:
    server = int(IPv4Address(evidence.plan.topology.cluster("us-central").address))
    sent = [(START + at, mine, seq % 65536, server, True) for seq, at in out]
    heard = [(START + at + WAY, theirs, seq % 65536, server, False) for seq, at in back]
    return np.array([*sent, *heard], RELAYED_PACKET)


def with_call(
    evidence: Evidence, sent: Sequence[Packet], heard: Sequence[Packet], lost: int, lost_ns: int | None = None
) -> Evidence:
    """A call whose one direction has these packets; the other loses nothing."""
    east = rows(evidence, sent, sent, EAST, WEST)
    west = rows(evidence, sent, heard, WEST, EAST)
    losses = {} if lost_ns is None else {0: START + lost_ns}
    whole = InboundStream(len(sent), 0)
    peers = {
        "peer-call-0000-us-east": PeerRecord(frozenset({EAST}), {WEST: whole}, {0: 1, 1: 2}, {}),
        "peer-call-0000-us-west": PeerRecord(
            frozenset({WEST}), {EAST: InboundStream(len(heard), lost)}, {0: 1, 1: 2}, losses
        ),
    }
    recording = replace(evidence.recording, relayed={"us-east": east, "us-west": west})
    return replace(evidence, plan=replace(evidence.plan, webrtc=(GROUP,)), recording=recording, peers=peers)


def test_what_was_sent_and_not_heard_is_lost_and_a_receiver_knows_of_what_lies_between_only(evidence: Evidence) -> None:
    """Sequence numbers wrap in the middle; ten packets are missing there, and five at the end."""
    sent = every_20_ms(0, 4 * S, seq=65_500)
    heard = [*sent[:100], *sent[110:-5]]
    found = webrtc_figures(with_call(evidence, sent, heard, lost=10), analyse(evidence))["call"]
    assert (found.sent, found.received, found.lost, found.lost_after_last) == (400, 385, 15, 5)
    assert (found.stats_lost, found.stats_off) == (10, 0)
    assert found.received_by_server == {"us-central": 385}
    assert found.one_way_ms.p50 == found.one_way_ms.p99 == WAY / MS
    assert found.restarts == 1


def test_a_receiver_that_tells_other_losses_is_off_by_their_difference(evidence: Evidence) -> None:
    sent = every_20_ms(0, 2 * S)
    found = webrtc_figures(with_call(evidence, sent, [*sent[:50], *sent[53:]], lost=1), analyse(evidence))["call"]
    assert (found.stats_lost, found.stats_off) == (1, 2)


def test_silence_lasts_from_packet_to_packet_or_until_the_media_end(evidence: Evidence) -> None:
    analysis = analyse(evidence)
    length_ns = analysis.end_ns - analysis.start_ns
    sent = every_20_ms(0, length_ns)
    heard = [*sent[:50], *sent[100:]]
    found = webrtc_figures(with_call(evidence, sent, heard, lost=50), analysis)["call"]
    assert (found.longest_interruption_ms, found.still_interrupted) == (51 * 20, 0)
    found = webrtc_figures(with_call(evidence, sent, sent[:50], lost=0), analysis)["call"]
    last_ns = START + sent[49][1] + WAY
    assert (found.longest_interruption_ms, found.still_interrupted) == ((analysis.end_ns - last_ns) / MS, 1)


def test_a_loss_of_consent_is_noticed_after_the_last_packet_before_it(evidence: Evidence) -> None:
    sent = every_20_ms(0, 8 * S)
    heard = [*sent[:50], *sent[300:]]
    noticing = with_call(evidence, sent, heard, lost=250, lost_ns=5 * S)
    found = webrtc_figures(noticing, analyse(evidence))["call"]
    assert found.noticed_ms == (5 * S - (sent[49][1] + WAY)) / MS


def test_without_the_peers_logs_nothing_is_told(evidence: Evidence) -> None:
    sent = every_20_ms(0, 2 * S)
    silent = replace(with_call(evidence, sent, sent, lost=0), peers={})
    found = webrtc_figures(silent, analyse(evidence))["call"]
    assert (found.stats_lost, found.stats_off, found.noticed_ms, found.longest_interruption_ms) == (None,) * 4
    assert found.still_interrupted == 2


def test_every_figure_has_bounds(evidence: Evidence) -> None:
    of_media = analyse(evidence)
    sent = every_20_ms(0, of_media.end_ns - of_media.start_ns)
    calling = with_call(evidence, sent, [*sent[:50], *sent[100:]], lost=50, lost_ns=2 * S)
    analysis = analyse(calling)
    bounds = find(calling, analysis, reconcile(calling, analysis)).bounds
    assert bounds is not None
    assert WEBRTC_METRICS.keys() == {name[12:] for name in bounds if name.startswith("webrtc.call.")}
    low, high = (getattr(bounds["webrtc.call.longest_interruption_ms"], end) for end in ("low", "high"))
    assert low <= 51 * 20 <= high
    assert bounds["webrtc.call.stats_off"] == Interval(0, 0)


@pytest.mark.parametrize("first", [0, 40_000, 65_535])
def test_sequence_numbers_go_on_over_several_wraps_and_changes_of_order(first: int) -> None:
    numbers = np.arange(first, first + 200_000)
    numbers[[70_000, 70_001]] = numbers[[70_001, 70_000]]
    assert np.array_equal(extended(numbers % 65_536, first), numbers)


def test_a_log_is_read_as_far_as_it_goes() -> None:
    said = [
        {"event": "connected", "at_ns": 1, "connection": 0},
        {"event": "lost", "at_ns": 2, "connection": 0},
        {"event": "outbound-rtp", "at_ns": 3, "connection": 0, "ssrc": 7, "sent": 400},
        {"event": "inbound-rtp", "at_ns": 3, "connection": 0, "ssrc": 8, "received": 150, "lost": 3},
    ]
    lines = [json.dumps(each) for each in said]
    record = peer_record("\n".join(["a warning of a library", *lines, lines[0][:20]]))
    assert record == PeerRecord(frozenset({7}), {8: InboundStream(150, 3)}, {0: 1}, {0: 2})
    assert peer_record("") == PeerRecord(frozenset(), {}, {}, {})
