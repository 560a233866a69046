from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.layers.rtp import RTP
from scapy.utils import wrpcap

from relay_app.rtp import (
    NTP_OFFSET,
    PATH_OFFSET,
    PAYLOAD_OFFSET,
    ExtensionError,
    PaddingError,
    RtpError,
    RtpPacket,
    TruncatedError,
    VersionError,
    blipnet_header,
)

PLAIN = bytes.fromhex("80 6f 1234 000003c0 deadbeef") + b"opus"
RFC8285_EXAMPLE = bytes.fromhex("90 00 0001 00000000 00000001  bede 0003  10 aa 21 bbcc 00 00 33 dddddddd") + b"p"
"""The figure of RFC 8285 §4.2: a 1-byte element, a 2-byte element, two bytes of padding, a 4-byte element."""


def with_extension(profile: int, words: int, data: bytes) -> bytes:
    return bytes.fromhex("90 00 0001 00000000 00000001") + profile.to_bytes(2, "big") + words.to_bytes(2, "big") + data


def test_plain_header() -> None:
    packet = RtpPacket(payload_type=111, sequence=0x1234, timestamp=960, ssrc=0xDEADBEEF, payload=b"opus")
    assert packet.encode() == PLAIN
    assert RtpPacket.decode(PLAIN) == packet


def test_rfc8285_example() -> None:
    packet = RtpPacket.decode(RFC8285_EXAMPLE)
    assert packet.extensions == ((1, b"\xaa"), (2, b"\xbb\xcc"), (3, b"\xdd" * 4))
    assert packet.payload == b"p"


def test_round_trip_of_everything_at_once() -> None:
    packet = RtpPacket(96, 65535, 0xFFFFFFFF, 1, True, (2, 3), ((1, bytes(range(16))), (14, b"x")), b"payload")
    assert RtpPacket.decode(packet.encode()) == packet


def test_padding_is_stripped() -> None:
    padded = bytes([PLAIN[0] | 0x20]) + PLAIN[1:] + b"\0\0\3"
    assert RtpPacket.decode(padded).payload == b"opus"


def test_foreign_extension_profile_is_skipped() -> None:
    packet = RtpPacket.decode(with_extension(0x1234, 1, b"\xff\xff\xff\xff") + b"media")
    assert (packet.extensions, packet.payload) == ((), b"media")


@pytest.mark.parametrize("terminator", [b"\xf0", b"\x03"], ids=["id 15", "id 0 with a length"])
def test_reserved_ids_end_processing(terminator: bytes) -> None:
    packet = RtpPacket.decode(with_extension(0xBEDE, 1, b"\x10\xaa" + terminator + b"\x99"))
    assert packet.extensions == ((1, b"\xaa"),)


@pytest.mark.parametrize(
    ("datagram", "error"),
    [
        (b"", TruncatedError),
        (PLAIN[:11], TruncatedError),
        (b"\x00" + PLAIN[1:], VersionError),
        (b"\xc0" + PLAIN[1:], VersionError),
        (b"\x8f" + PLAIN[1:], TruncatedError),
        (b"\x90" + PLAIN[1:12] + b"\xbe\xde\x00", TruncatedError),
        (with_extension(0xBEDE, 2, bytes(7)), TruncatedError),
        (with_extension(0xBEDE, 0xFFFF, bytes(100)), TruncatedError),
        (with_extension(0xBEDE, 1, b"\x14\0\0\0"), ExtensionError),
        (with_extension(0xBEDE, 1, b"\0\0\0\x10"), ExtensionError),
        (b"\xa0" + PLAIN[1:12] + b"\0", PaddingError),
        (b"\xa0" + PLAIN[1:] + b"\xff", PaddingError),
    ],
)
def test_hostile_datagrams(datagram: bytes, error: type[RtpError]) -> None:
    with pytest.raises(error):
        RtpPacket.decode(datagram)


@pytest.mark.parametrize("element", [(0, b"x"), (15, b"x"), (1, b""), (1, bytes(17))])
def test_impossible_elements_are_not_encoded(element: tuple[int, bytes]) -> None:
    with pytest.raises(ExtensionError):
        RtpPacket(0, 0, 0, 0, extensions=(element,)).encode()


def test_scapy_reads_what_we_write() -> None:
    packet = RtpPacket(111, 7, 960, 0xDEADBEEF, True, (5,), ((1, bytes(8)), (2, bytes(4))), b"payload")
    seen = RTP(packet.encode())
    header = (seen.version, seen.payload_type, seen.sequence, seen.timestamp, seen.sourcesync, seen.marker, seen.sync)
    assert header == (2, 111, 7, 960, 0xDEADBEEF, 1, [5])
    assert (seen.extension, seen.payload.header_id, seen.payload.header_len) == (1, 0xBEDE, 4)
    assert bytes(seen).endswith(b"payload")


def test_we_read_what_scapy_writes() -> None:
    datagram = bytes(RTP(payload_type=96, sequence=9, timestamp=3000, sourcesync=77, marker=1) / b"frame")
    assert RtpPacket.decode(datagram) == RtpPacket(96, 9, 3000, 77, True, payload=b"frame")


def test_fixed_layout() -> None:
    header = blipnet_header(111, 0xDEADBEEF)
    assert len(header) == PAYLOAD_OFFSET == 32
    assert header[12:17] == bytes.fromhex("bede 0004 17")
    assert (NTP_OFFSET, PATH_OFFSET, header[PATH_OFFSET - 1]) == (17, 26, 0x23)
    assert RtpPacket.decode(header).extensions == ((1, bytes(8)), (2, bytes(4)))


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_wireshark_reads_what_we_write(tmp_path: Path) -> None:
    header = bytearray(blipnet_header(111, 0xDEADBEEF))
    header[NTP_OFFSET : NTP_OFFSET + 8] = bytes(range(8))
    header[PATH_OFFSET : PATH_OFFSET + 4] = bytes([1, 3, 0, 0])
    capture = tmp_path / "media.pcap"
    frame: Any = Ether() / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=5, dport=40000) / bytes(header + b"media")
    wrpcap(str(capture), [frame])
    fields = ["rtp.version", "rtp.p_type", "rtp.ssrc", "rtp.ext.rfc5285.id", "rtp.ext.rfc5285.data", "rtp.payload"]
    arguments = [argument for field in fields for argument in ("-e", field)]
    command = ["tshark", "-r", str(capture), "-d", "udp.port==40000,rtp", "-T", "fields", *arguments]
    seen = subprocess.run(command, check=True, capture_output=True, text=True).stdout.rstrip("\n").split("\t")
    assert seen == ["2", "111", "0xdeadbeef", "1,2", "0001020304050607,01030000", b"media".hex()]
