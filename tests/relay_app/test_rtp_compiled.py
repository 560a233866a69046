"""The compiled readers and writers of the fixed layout, held against the codec."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from relay_app import rtp as ntp
from relay_app.packet_rows import PACKET
from relay_app.rtp import PATH_HOPS, RtpPacket, blipnet_header
from relay_app.rtp_compiled import (
    LOOPED,
    PATH_FULL,
    free_hop,
    has_fixed_layout,
    log_hop,
    path_of,
    put_header,
    put_sent_ns,
    sent_ns_of,
    sequence_of,
    ssrc_of,
)
from results.metrics.paths import path_ordinals

OFFSET_NS = ntp.ntp_offset_ns(1_700_000_000_123_456_789, 0)


def row_of(datagram: bytes) -> npt.NDArray[np.uint8]:
    data = np.zeros((1, 64), np.uint8)
    data[0, : len(datagram)] = np.frombuffer(datagram, np.uint8)
    return data


@pytest.fixture
def data() -> npt.NDArray[Any]:
    return row_of(blipnet_header(111, 0xFEDCBA98))


@pytest.mark.parametrize("marker", [0, 1])
def test_header_from_template(marker: int) -> None:
    template = np.frombuffer(bytearray(blipnet_header(0, 0xFEDCBA98)), np.uint8)
    packet = np.array([(0, 0, 0x3FFFE, 0x89ABCDEF, 80, marker, 96, 0)], PACKET)
    data = row_of(b"\xff" * 64)
    put_header(data, 0, template, packet[0])
    decoded = RtpPacket.decode(data[0].tobytes())
    header = (decoded.payload_type, decoded.sequence, decoded.timestamp, decoded.ssrc, decoded.marker)
    assert header == (96, 0xFFFE, 0x89ABCDEF, 0xFEDCBA98, bool(marker))
    assert decoded.extensions == ((1, bytes(8)), (2, bytes(4)))
    assert (ssrc_of(data, 0), sequence_of(data, 0)) == (0xFEDCBA98, 0xFFFE)


@pytest.mark.parametrize("sent_ns", [0, 1, 999_999_999, 86_400 * 10**9 + 7])
def test_send_time(data: npt.NDArray[Any], sent_ns: int) -> None:
    put_sent_ns(data, 0, sent_ns, OFFSET_NS)
    wire = dict(RtpPacket.decode(data[0].tobytes()).extensions)[1]
    seconds, fraction = ntp.ntp_seconds(sent_ns, OFFSET_NS), ntp.ntp_fraction(sent_ns, OFFSET_NS)
    assert wire == seconds.to_bytes(4, "big") + fraction.to_bytes(4, "big")
    assert sent_ns_of(data, 0, OFFSET_NS) == sent_ns


def test_path_log(data: npt.NDArray[Any]) -> None:
    for place, ordinal in enumerate((1, 3, 200, 2)):
        assert free_hop(data, 0, ordinal) == place
        log_hop(data, 0, place, ordinal)
        assert free_hop(data, 0, ordinal) == LOOPED
    assert free_hop(data, 0, 9) == PATH_FULL
    assert path_of(data, 0) == 1 | 3 << 8 | 200 << 16 | 2 << 24
    assert dict(RtpPacket.decode(data[0].tobytes()).extensions)[2] == bytes([1, 3, 200, 2])


def test_the_ways_over_up_to_four_of_64_relays_are_told_apart() -> None:
    """What relays write one after the other is read back as they passed; every other byte stays as it was."""
    random = Random(15)
    for way in (random.sample(range(1, 65), random.randint(0, PATH_HOPS)) for _ in range(200)):
        header = blipnet_header(111, random.getrandbits(32))
        data = row_of(header)
        for ordinal in way:
            log_hop(data, 0, free_hop(data, 0, ordinal), ordinal)
        datagram = data[0, : len(header)].tobytes()
        assert path_ordinals(path_of(data, 0)) == way
        assert dict(RtpPacket.decode(datagram).extensions)[2] == bytes(way).ljust(4, b"\0")
        assert (datagram[:26], datagram[30:]) == (header[:26], header[30:])


VALID = blipnet_header(111, 1)


@pytest.mark.parametrize(
    ("datagram", "valid"),
    [
        (VALID, True),
        (VALID + b"payload", True),
        (b"", False),
        (VALID[:31], False),
        (b"\x80" + VALID[1:], False),
        (b"\xd0" + VALID[1:], False),
        (b"\x91" + VALID[1:], False),
        (VALID[:12] + b"\xbe\xdf" + VALID[14:], False),
        (VALID[:15] + b"\x05" + VALID[16:], False),
        (VALID[:16] + b"\x27" + VALID[17:], False),
        (VALID[:25] + b"\x22" + VALID[26:], False),
    ],
)
def test_only_the_fixed_layout_is_accepted(datagram: bytes, valid: bool) -> None:
    assert has_fixed_layout(row_of(datagram), 0, len(datagram)) == valid
