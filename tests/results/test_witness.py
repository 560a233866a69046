"""What decoders showed, beside the packets' gaps: logs as ffmpeg 5.1 wrote them, and comparisons made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from hostio.timing import MS, S
from relay_app.streams import Stream
from results.metrics.witness import Gap, agree, decoded_gaps, furthest_off_ms
from results.run_files.decoder_log import DecodedGap, DecodedMedia, decoded_media

SOUND = """[sdp @ 0x55f2765c9a00] RTP: missed 26 packets
[silencedetect @ 0x55f276667880] silence_start: 3.98
[silencedetect @ 0x55f276667880] silence_end: 4.5 | silence_duration: 0.52
[silencedetect @ 0x55f276667880] silence_start: 8
"""
PICTURE = """[freezedetect @ 0x56083e52bec0] lavfi.freezedetect.freeze_start: 3
[freezedetect @ 0x56083e52bec0] lavfi.freezedetect.freeze_duration: 0.533333
[freezedetect @ 0x56083e52bec0] lavfi.freezedetect.freeze_end: 3.53333
"""


def gap(from_ms: int, until_ms: int) -> Gap:
    return Gap(from_ms * MS, until_ms * MS)


def stream(media: str) -> Stream:
    return Stream(7, "sound-0000", "sound", "a", "b", media)


def test_gaps_of_ffmpeg_count_from_the_first_packet_and_those_of_gstreamer_end_with_the_last() -> None:
    heard_ns = np.array([100 * S, 104 * S, 110 * S])
    half_a_second = (DecodedGap(4.0, 4.5),)
    by_ffmpeg = decoded_gaps(stream("ffmpeg-h264"), DecodedMedia(half_a_second, None), heard_ns, 111 * S)
    assert by_ffmpeg == [gap(104_000, 104_500)]
    by_gstreamer = decoded_gaps(stream("gstreamer-h264"), DecodedMedia(half_a_second, 9.75), heard_ns, 111 * S)
    assert by_gstreamer == [gap(104_250, 104_750)]


def test_gaps_without_a_place_in_time_are_not_told() -> None:
    heard_ns, silent = np.array([100 * S]), DecodedMedia((), None)
    assert decoded_gaps(stream("gstreamer-h264"), silent, heard_ns, 111 * S) is None
    assert decoded_gaps(stream("ffmpeg-h264"), silent, heard_ns[:0], 111 * S) is None
    assert decoded_gaps(stream("ffmpeg-h264"), None, heard_ns, 111 * S) is None


def test_gaps_are_read_from_the_logs_of_both_detectors() -> None:
    assert decoded_media(SOUND).gaps == (DecodedGap(3.98, 4.5), DecodedGap(8.0, None))
    assert decoded_media(PICTURE).gaps == (DecodedGap(3.0, 3.53333),)
    assert decoded_media("Connection timed out") == DecodedMedia((), None)


def test_the_length_is_the_last_that_a_log_has() -> None:
    log = "size=N/A time=00:00:02.50 bitrate=N/A\nframe=  287 fps= 24 q=-0.0 Lsize=N/A time=01:01:09.56 bitrate=N/A"
    assert decoded_media(log).length_s == pytest.approx(3600 + 60 + 9.56)


@pytest.mark.parametrize(
    ("by_packets", "by_decoder", "agreed", "off_ms"),
    [
        ([], [], True, None),
        ([gap(4000, 4520)], [gap(4000, 4480)], True, 40),
        ([gap(4000, 4520)], [gap(4000, 4300), gap(4300, 4500)], True, 20),
        ([gap(4000, 4520)], [gap(4000, 4440)], False, 80),
        ([gap(4000, 4520)], [], False, 520),
        ([gap(4000, 4520)], [gap(6000, 6520)], False, 520),
        ([], [gap(4000, 4520)], False, None),
        ([gap(4000, 4100)], [], True, None),
    ],
)
def test_a_witness_agrees_within_60_ms(
    by_packets: list[Gap], by_decoder: list[Gap], agreed: bool, off_ms: float | None
) -> None:
    assert agree(by_packets, by_decoder) == agreed
    assert furthest_off_ms(by_packets, by_decoder) == off_ms
