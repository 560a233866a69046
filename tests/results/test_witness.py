"""What decoders showed, beside the packets' gaps: logs as ffmpeg 5.1 wrote them, and comparisons made by hand."""

from __future__ import annotations

import pytest

from hostio.timing import MS
from results.metrics.witness import Gap, agree, furthest_off_ms
from results.run_files.decoder_log import DecodedGap, decoded_gaps

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


def test_gaps_are_read_from_the_logs_of_both_detectors() -> None:
    assert decoded_gaps(SOUND) == (DecodedGap(3.98, 4.5), DecodedGap(8.0, None))
    assert decoded_gaps(PICTURE) == (DecodedGap(3.0, 3.53333),)
    assert decoded_gaps("Connection timed out") == ()


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
