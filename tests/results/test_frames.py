"""Frames and freezes of a run against a computation by hand, packet by packet, and their bounds."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from statistics import mean
from typing import NamedTuple

import numpy as np
import pytest
from bounds_lab import bounds_of, held, on_time, summary_of
from synthetic_media import DIRECT_EAST_WEST, START, received, without
from synthetic_run import Blip

from hostio.timing import MS, S
from relay_app.clients.media_schedule import Schedule
from relay_app.media_profiles import Profile
from relay_app.records import SENT
from relay_app.streams import SessionGroup, media_of, streams_of
from results.metrics.analysis import Evidence, analyse
from results.report.report import read_evidence
from results.report.summary_rows import sentences
from results.report.tables import StreamRow, stream_rows, table_csv
from results.run_files.hold_ups import HoldUpPlace
from results.run_files.plan import Expectation, Part
from results.run_files.records import Rows

PROFILE = Profile(96, 90_000, frames=30, frame_bytes=3_000, key_interval=10, key_factor=2.0, cycle=10, pictures=True)
"""Frames of 3 packets, and key frames of 6, one in ten."""

GROUP = SessionGroup("video", "us-east", "us-west", 2, "own:video", own=PROFILE)
LATENCY = 31_150_000
OUTAGES = (2.0, 2.1), (4.0, 6.0)
"""In seconds: three frames long, which is no freeze, and two seconds, which is one."""

DURATION = 12 * S


class Sent(NamedTuple):
    """A packet, whether it ends its frame, and whether it arrived."""

    due_ns: int
    length: int
    ends: bool
    arrived: bool


@pytest.fixture(scope="module")
def blip(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return held(on_time(read_evidence(Blip().write(tmp_path_factory.mktemp("run") / "run"))))


def with_video(evidence: Evidence, *outages: tuple[float, float]) -> Evidence:
    """One way from us-east, the packets due in an outage lost."""
    plan = replace(evidence.plan, sessions=(GROUP,))
    streams = tuple(each for each in streams_of(plan.sessions, plan.seed) if each.source == "us-east")
    packets = Schedule(streams, plan.seed, START, media=media_of(plan.sessions)).window(START, START + DURATION)
    rows = np.zeros(len(packets), SENT)
    rows["ssrc"] = np.array([each.ssrc for each in streams], np.uint32)[packets["stream"]]
    rows["seq"], rows["due_ns"], rows["sent_ns"] = packets["seq"], packets["due_ns"], packets["due_ns"]
    arrived: Rows = received(without(rows, *outages), LATENCY, DIRECT_EAST_WEST)
    recording = replace(
        evidence.recording, streams=streams, sent={"us-east": rows}, received={"us-west": arrived}, exchanges={}
    )
    return replace(evidence, plan=plan, recording=recording)


def by_hand(seed: int, *outages: tuple[float, float]) -> Iterator[list[list[Sent]]]:
    """The frames of each stream, cut after each marker, without one that the end of the media cut."""
    streams = [each for each in streams_of((GROUP,), seed) if each.source == "us-east"]
    packets = Schedule(streams, seed, 0, media=media_of((GROUP,))).window(0, DURATION)
    for index in range(len(streams)):
        frames: list[list[Sent]] = [[]]
        for packet in packets[packets["stream"] == index]:
            due_ns = int(packet["due_ns"])
            lost = any(begins <= due_ns / S < ends for begins, ends in outages)
            frames[-1].append(Sent(due_ns, int(packet["length"]), bool(packet["marker"]), not lost))
            if packet["marker"]:
                frames.append([])
        yield frames[:-1]


def freezes_by_hand(frames: list[list[Sent]]) -> list[float]:
    """Lengths in ms, of the definition of W3C webrtc-stats word by word."""
    shown = [frame[-1].due_ns / 1e6 for frame in frames if all(packet.arrived for packet in frame)]
    durations = [later - one for one, later in pairwise(shown)]
    found = []
    for number, duration in enumerate(durations):
        last = durations[max(0, number - 30) : number]
        if last and duration >= max(3 * mean(last), mean(last) + 150):
            found.append(duration)
    return found


def test_frames_are_counted_as_by_hand(blip: Evidence) -> None:
    figures = summary_of(with_video(blip, *OUTAGES)).media.frames
    frames = [frame for stream in by_hand(blip.plan.seed, *OUTAGES) for frame in stream]
    lost = [frame for frame in frames if not all(packet.arrived for packet in frame)]
    key = [frame for frame in frames if sum(packet.length for packet in frame) == 6_000]
    assert figures.sent == len(frames) == figures.whole + figures.lost
    assert figures.lost == len(lost)
    assert (figures.key_sent, figures.key_lost) == (len(key), len([frame for frame in lost if frame in key]))


def test_freezes_are_those_of_the_definition(blip: Evidence) -> None:
    figures = summary_of(with_video(blip, *OUTAGES)).media.frames
    expected = sorted(length for stream in by_hand(blip.plan.seed, *OUTAGES) for length in freezes_by_hand(stream))
    assert figures.freezes == len(expected) == 2
    assert figures.freeze_ms.max == pytest.approx(max(expected), abs=0.001)
    assert figures.frozen_ms == pytest.approx(sum(expected), abs=0.001)


def test_a_picture_that_never_moves_again_is_frozen_until_the_end(blip: Evidence) -> None:
    figures = summary_of(with_video(blip, (9.0, 12.0))).media.frames
    assert figures.freezes == 2
    assert figures.freeze_ms.max == pytest.approx(3_000, abs=2 * 1000 / 30)


def test_without_loss_every_frame_is_whole_and_certainly_so(blip: Evidence) -> None:
    evidence = with_video(blip)
    figures = summary_of(evidence).media.frames
    assert (figures.whole, figures.lost, figures.freezes) == (figures.sent, 0, 0)
    assert bounds_of(evidence, "media.frames.lost") == (0, 0)
    assert bounds_of(evidence, "media.frames.freezes") == (0, 0)


def test_media_without_video_has_no_frames_whatever_the_machine_did(blip: Evidence) -> None:
    assert summary_of(blip).media.frames.sent == 0
    assert bounds_of(blip, "media.frames.freezes") == (0, 0)


def test_bounds_have_the_value_and_grow_with_what_held_up_the_run(blip: Evidence) -> None:
    quiet = with_video(blip, *OUTAGES)
    longest = summary_of(quiet).media.frames.freeze_ms.max or 0.0
    low, high = bounds_of(quiet, "media.frames.freeze_ms.max")
    assert low is not None
    assert high is not None
    assert longest - 3 * 1000 / 30 <= low <= longest <= high <= longest + 3 * 1000 / 30
    disturbed = held(quiet, (HoldUpPlace.RELAY, 1, 5.0, 300.0))
    less, more = bounds_of(disturbed, "media.frames.freeze_ms.max")
    assert less == pytest.approx(low - 300, abs=1)
    assert more == pytest.approx(high, abs=1)


def test_frames_of_a_time_and_of_a_pair_can_be_expected(blip: Evidence) -> None:
    evidence = with_video(blip, *OUTAGES)

    def value(figure: str, **of: int | str) -> float | None:
        part = Part(figure, **of)  # type: ignore[arg-type]
        asked = Expectation(f"media {figure} {of}", "<", 1e9, "", part)
        return summary_of(evidence, asked).expectations[0].value

    whole = [f for stream in by_hand(blip.plan.seed, *OUTAGES) for f in stream if 4 * S <= f[0].due_ns < 6 * S]
    assert value("frames.sent", from_ns=4 * S, until_ns=6 * S) == len(whole)
    assert value("frames.freezes", from_ns=5 * S, until_ns=S * 11 // 2) == 2
    assert value("frames.freezes", from_ns=7 * S, until_ns=8 * S) == 0
    assert value("frames.lost", source="us-west", destination="us-east") == 0
    assert value("frames.freeze_ms.p50", group="video") == summary_of(evidence).media.frames.freeze_ms.p50


def test_pairs_groups_streams_and_the_terminal_have_them(blip: Evidence) -> None:
    evidence = with_video(blip, *OUTAGES)
    summary = summary_of(evidence)
    assert summary.pairs[0].frames == summary.groups[0].frames == summary.media.frames
    rows = list(csv.DictReader(io.StringIO(table_csv(StreamRow, stream_rows(analyse(evidence))))))
    assert sum(int(row["frames_lost"]) for row in rows) == summary.media.frames.lost
    assert max(float(row["longest_freeze_ms"]) for row in rows) == summary.media.frames.freeze_ms.max
    assert any("frames of video" in each and "2 freezes" in each for each in sentences(summary))


def test_a_freeze_is_no_shorter_than_150_ms_more_than_the_average(blip: Evidence) -> None:
    """Of 100 ms of outage three to four frames of 33 ms are lost: at most 167 ms between two shown ones, where 183 ms
    are a freeze; of 200 ms at least 200."""
    assert summary_of(with_video(blip, (2.0, 2.1))).media.frames.freezes == 0
    assert summary_of(with_video(blip, (2.0, 2.2))).media.frames.freezes == 2


def test_pauses_and_latency_are_no_part_of_a_freeze(blip: Evidence) -> None:
    """A link that gets 500 ms longer delays each frame once: one freeze; all of them equally long: none."""
    evidence = with_video(blip)
    rows = evidence.recording.received["us-west"].copy()
    rows["received_ns"] += 500 * MS
    later = replace(evidence, recording=replace(evidence.recording, received={"us-west": rows}))
    assert summary_of(later).media.frames.freezes == 0
    rows["received_ns"] -= np.where(rows["sent_ns"] < START + 3 * S, 500 * MS, 0)
    longer = replace(evidence, recording=replace(evidence.recording, received={"us-west": rows}))
    assert summary_of(longer).media.frames.freezes == 2
