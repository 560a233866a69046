"""Figures of speakers' pauses, their bounds and rows, in a run made by arithmetic: a blackhole from 4 to 6 s, and a
reroute at 4.28 s, while one end of each call pauses and the other talks."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from bounds_lab import bounds_of, on_time, summary_of
from synthetic_media import START
from synthetic_run import Blip

from hostio.timing import MS, S
from relay_app.calls import Calls, Length, Span, Talk
from relay_app.streams import spans_of
from results.metrics.analysis import Evidence, analyse
from results.metrics.relay_figures import moved_streams
from results.metrics.speakers import directions_without_records
from results.report.report import read_evidence
from results.report.summary_rows import sentences
from results.report.tables import StreamRow, stream_rows, table_csv
from results.run_files.records import Rows

CALLS = Calls(end_ns=12 * S, talk=Talk(Length(3_500 * MS), Length(3 * S)))
"""From us-east 0 to 3.5 s and 6.5 to 10 s, from us-west 3 to 6.5 s and 9.5 to 12 s."""


def spoken(rows: Rows, spans: dict[int, tuple[Span, ...]]) -> Rows:
    """Those that were sent while the speaker talked."""
    since_ns = (rows["due_ns"] if "due_ns" in (rows.dtype.names or ()) else rows["sent_ns"]) - START
    kept = np.zeros(len(rows), bool)
    for ssrc, own in spans.items():
        for span in own:
            kept |= (rows["ssrc"] == ssrc) & (since_ns >= span.from_ns) & (since_ns < span.until_ns)
    found: Rows = rows[kept]
    return found


def with_calls(evidence: Evidence, calls: Calls) -> Evidence:
    (group,) = evidence.plan.sessions
    plan = replace(evidence.plan, sessions=(replace(group, calls=calls),))
    spans, recording = spans_of(plan.sessions, plan.seed), evidence.recording
    sent, received = (
        {name: spoken(rows, spans) for name, rows in each.items()} for each in (recording.sent, recording.received)
    )
    return replace(evidence, plan=plan, recording=replace(recording, sent=sent, received=received))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return on_time(read_evidence(Blip().write(tmp_path_factory.mktemp("run") / "run")))


@pytest.fixture(scope="module")
def talked(whole: Evidence) -> Evidence:
    return with_calls(whole, CALLS)


def test_an_outage_is_heard_by_those_to_whom_somebody_talks(talked: Evidence) -> None:
    media = summary_of(talked).media
    assert (media.interruptions, media.interrupted_directions) == (4, 4)
    assert (media.speaker_pauses, media.outages_in_speaker_pauses) == (8, 4)


@pytest.mark.parametrize("metric", ["interruptions", "interrupted_directions", "speaker_pauses"])
def test_a_pause_is_no_silence_that_the_machine_can_have_made(talked: Evidence, metric: str) -> None:
    low, high = bounds_of(talked, f"media.{metric}")
    assert low == high == getattr(summary_of(talked).media, metric)


def test_an_outage_at_the_edge_of_a_pause_may_have_been_outside(whole: Evidence) -> None:
    """The speaker in us-east pauses from 4 s on, give or take a packet."""
    edge = with_calls(whole, replace(CALLS, talk=Talk(Length(4 * S), Length(3 * S))))
    low, high = bounds_of(edge, "media.outages_in_speaker_pauses")
    found = summary_of(edge).media.outages_in_speaker_pauses
    assert low is not None
    assert high is not None
    assert low <= found <= high


def test_streams_csv_has_the_pauses_of_each_speaker(talked: Evidence) -> None:
    rows = list(csv.DictReader(io.StringIO(table_csv(StreamRow, stream_rows(analyse(talked))))))
    assert len(rows) == 8
    for row in rows:
        assert row["speaker_pauses"] == "1"
        assert float(row["speaker_paused_ms"]) == pytest.approx(3_000, abs=20)
        assert row["interruptions"] == str(int(row["source"] == "us-west"))


def test_the_terminal_tells_of_pauses_and_of_outages_in_them(talked: Evidence, whole: Evidence) -> None:
    said = "speakers paused 8 times, which is no interruption; 4 outages fell into one, unheard"
    assert said in list(sentences(summary_of(talked)))
    assert not any("speakers" in each for each in sentences(summary_of(whole)))


def test_a_stream_is_moved_once_somebody_talks_in_it(talked: Evidence, whole: Evidence) -> None:
    """The reroute is from 4.28 to 9.1 s; us-east talks again from 6.5 s on, and a call of 3.5 s has ended before."""
    assert moved_s(whole) == [4.28] * 8
    assert moved_s(talked) == pytest.approx([4.28] * 4 + [6.5] * 4, abs=0.02)
    assert moved_s(with_calls(whole, replace(CALLS, holding=Length(3_500 * MS)))) == []
    paused_longer = replace(CALLS, talk=Talk(Length(3_500 * MS), Length(6 * S)))
    assert len(moved_s(with_calls(whole, paused_longer))) == 4


def moved_s(evidence: Evidence) -> list[float]:
    """When each stream was moved onto the relay in us-central, s after the media start, in order."""
    moved = moved_streams(evidence, analyse(evidence), "us-central")
    return sorted((at_ns - START) / S for at_ns in moved.values())


def test_a_stream_that_had_nothing_to_send_has_its_records(whole: Evidence) -> None:
    """Calls of 2 s, in which the second end never comes to talk; but that of 4 s would have."""
    for length_s, missing in ((2, 0), (4, 4)):
        short = with_calls(whole, replace(CALLS, holding=Length(length_s * S)))
        silent = {name: rows[:0] if name == "us-west" else rows for name, rows in short.recording.sent.items()}
        mute = replace(short, recording=replace(short.recording, sent=silent))
        assert directions_without_records(mute, analyse(mute)) == missing
