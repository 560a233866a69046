from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from every import every

from hostio.timing import MS, S
from relay_app.clients.media_schedule import Schedule
from relay_app.media_profiles import MAX_PAYLOAD, PROFILES
from relay_app.streams import SessionGroup, Stream, streams_of

START_NS = 1_000 * S
GROUPS = [SessionGroup("talk", "a", "b", 20, "voice"), SessionGroup("show", "a", "b", 4, "video")]
STREAMS = tuple(stream for stream in streams_of(GROUPS, 1) if stream.source == "a")


def of_stream(packets: npt.NDArray[Any], index: int) -> npt.NDArray[Any]:
    rows: npt.NDArray[Any] = packets[packets["stream"] == index]
    return rows


def first_of(media: str) -> int:
    return next(index for index, stream in enumerate(STREAMS) if stream.media == media)


@pytest.fixture(scope="module")
def packets() -> npt.NDArray[Any]:
    return Schedule(STREAMS, 7, START_NS).window(START_NS, START_NS + 20 * S)


def test_voice_is_a_packet_every_20_ms(packets: npt.NDArray[Any]) -> None:
    voice = of_stream(packets, first_of("voice"))
    assert set(np.diff(voice["due_ns"])) == {20 * MS}
    assert set(np.diff(voice["timestamp"].astype(np.int64)) % (1 << 32)) == {960}
    assert set(voice["length"]) == {80}
    assert voice["marker"].tolist() == [1] + [0] * (len(voice) - 1)
    assert len(voice) == 20 * 50


def test_sequence_numbers_are_continuous(packets: npt.NDArray[Any]) -> None:
    for index in range(len(STREAMS)):
        assert set(np.diff(of_stream(packets, index)["seq"].astype(np.int64))) == {1}


def test_initial_sequence_and_timestamp_are_random(packets: npt.NDArray[Any]) -> None:
    firsts = np.array([of_stream(packets, index)[0] for index in range(len(STREAMS))])
    assert len(set(firsts["seq"])) == len(set(firsts["timestamp"])) == len(STREAMS)
    assert firsts["seq"].max() < 1 << 16


def test_nothing_is_due_before_the_start(packets: npt.NDArray[Any]) -> None:
    assert START_NS <= packets["due_ns"][0] < START_NS + 20 * MS
    early = Schedule(STREAMS, 7, START_NS).window(START_NS - S, START_NS)
    assert len(early) == 0


def test_packets_are_in_order_of_time(packets: npt.NDArray[Any]) -> None:
    assert every(np.diff(packets["due_ns"]) >= 0)


@pytest.mark.parametrize("chunk_ns", [33_333_333, 20 * MS, 500 * MS, 1_700_000_001])
def test_chunks_do_not_change_the_schedule(packets: npt.NDArray[Any], chunk_ns: int) -> None:
    end_ns = START_NS + 20 * S
    schedule = Schedule(STREAMS, 7, START_NS)
    chunks = [schedule.window(at, min(at + chunk_ns, end_ns)) for at in range(START_NS, end_ns, chunk_ns)]
    assert np.array_equal(np.concatenate(chunks), packets)


def test_phases_spread_over_the_interval(packets: npt.NDArray[Any]) -> None:
    phases = sorted(
        int(of_stream(packets, index)["due_ns"][0]) - START_NS
        for index, stream in enumerate(STREAMS)
        if stream.media == "voice"
    )
    slots = [phase * 20 // (20 * MS) for phase in phases]
    assert slots == list(range(20))


def test_seed_decides(packets: npt.NDArray[Any]) -> None:
    again, other = (Schedule(STREAMS, seed, START_NS).window(START_NS, START_NS + 20 * S) for seed in (7, 8))
    assert np.array_equal(again, packets)
    assert not np.array_equal(other[: len(packets)], packets[: len(other)])


def video_frames(packets: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """Whole pictures of the first video stream: its packets cut after each marker."""
    video = of_stream(packets, first_of("video"))
    ends = np.flatnonzero(video["marker"]) + 1
    frames = np.split(video, ends)[:-1]
    assert len(frames) > 500
    return frames


def test_a_picture_is_one_timestamp_and_its_last_packet_is_marked(packets: npt.NDArray[Any]) -> None:
    frames = video_frames(packets)
    timestamps = np.array([frame["timestamp"][0] for frame in frames], np.int64)
    assert all(len(set(frame["timestamp"])) == 1 for frame in frames)
    assert set(np.diff(timestamps) % (1 << 32)) == {3000}


def test_pictures_come_30_a_second_paced_within_their_interval(packets: npt.NDArray[Any]) -> None:
    frames = video_frames(packets)
    starts = np.array([frame["due_ns"][0] for frame in frames])
    assert (np.abs(starts - starts[0] - np.arange(len(frames)) * S / 30) <= 1).all()
    for frame in frames:
        expected = frame["due_ns"][0] + np.arange(len(frame)) * S / 30 / len(frame)
        assert (np.abs(frame["due_ns"] - expected) <= 2).all()


def test_pictures_are_split_into_packets_of_bounded_size(packets: npt.NDArray[Any]) -> None:
    frames = video_frames(packets)
    assert every(length == MAX_PAYLOAD for frame in frames for length in frame["length"][:-1])
    assert every(0 < frame["length"][-1] <= MAX_PAYLOAD for frame in frames)


def test_a_key_frame_every_two_seconds_is_several_times_larger(packets: npt.NDArray[Any]) -> None:
    sizes = np.array([frame["length"].sum() for frame in video_frames(packets)])
    keys = np.flatnonzero(sizes > 2 * np.median(sizes))
    assert set(np.diff(keys)) == {60}
    assert 3 < sizes[keys].mean() / np.delete(sizes, keys).mean() < 7


def test_sizes_repeat_by_the_cycle_without_breaking_sequence() -> None:
    cycle_ns = PROFILES["video"].cycle * S // 30
    schedule = Schedule(STREAMS, 7, START_NS)
    window = schedule.window(START_NS + cycle_ns - S, START_NS + cycle_ns + S)
    assert set(np.diff(of_stream(window, first_of("video"))["seq"].astype(np.int64))) == {1}


@pytest.mark.parametrize("duration_ns", [MS, 500 * MS, 20 * S])
def test_most_bounds_every_window(packets: npt.NDArray[Any], duration_ns: int) -> None:
    due = packets["due_ns"]
    fullest = (np.searchsorted(due, due + duration_ns) - np.arange(len(due))).max()
    assert fullest <= Schedule(STREAMS, 7, START_NS).most(duration_ns)


def test_no_streams_no_packets() -> None:
    none: tuple[Stream, ...] = ()
    schedule = Schedule(none, 1, START_NS)
    assert len(schedule.window(START_NS, START_NS + S)) == schedule.most(S) == 0
