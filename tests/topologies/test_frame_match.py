"""Which frames match, against tshark's reading of the same frames; and what a match may meet of a run's traffic."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw
from scapy.utils import wrpcap

from topologies.frame_match import FrameMatch, Ports, Traffic, can_match
from topologies.link_state import LinkState, Matched
from topologies.model import Direction
from topologies.wire.match_compiled import matches
from topologies.wire.memory import allocate
from topologies.wire.parameters import LossNumbers, fill_bank

A_B = Direction("a", "b")


def rtp(payload_type: int, size: int) -> bytes:
    return bytes([0x80, payload_type]).ljust(12, b"\1") + bytes(size)


FRAMES = [
    *(Ether() / IP(tos=46 << 2) / UDP(sport=39_999, dport=40_001) / rtp(96, size) for size in (0, 1045, 1046, 1047)),
    *(Ether() / IP() / UDP(sport=sport, dport=9) / rtp(0x80 | 111, 80) for sport in (40_000, 40_015, 40_016)),
    Ether() / IP(tos=46 << 2 | 1) / UDP(sport=9, dport=40_015) / b"\x80\x60 no RTP"[:9],
    Ether() / IP() / UDP(sport=9, dport=40_015) / (b"\x40\x60" + bytes(40)),
    Ether() / IP(flags="MF") / UDP(sport=9, dport=40_015) / rtp(96, 64),
    Ether() / IP(frag=8, proto=17) / Raw(b"\x9c\x4f" * 2 + bytes(4) + rtp(96, 64)),
    Ether() / IP() / TCP(sport=6379, dport=40_001) / bytes(200),
    Ether() / IP(options=b"\x01" * 4) / UDP(sport=9, dport=40_001) / rtp(96, 80),
    Ether() / IP() / ICMP() / bytes(1200),
    Ether() / ARP(),
]

MATCHES = [
    (FrameMatch(), "frame"),
    (FrameMatch(larger_than=1100), "frame.len > 1100"),
    (FrameMatch(protocol="udp"), "ip.proto == 17 and ip.hdr_len == 20"),
    (FrameMatch(protocol="tcp"), "ip.proto == 6"),
    (FrameMatch(protocol="icmp", larger_than=200), "icmp and frame.len > 200"),
    (FrameMatch(ports=(Ports(40_000, 40_015),)), "(udp.port in {40000..40015} or tcp.port in {40000..40015})"),
    (FrameMatch(ports=(Ports(6379, 6379), Ports(40_016, 50_000))), "(tcp.port == 6379 or udp.port in {40016..50000})"),
    (FrameMatch(dscp=46), "ip.dsfield.dscp == 46"),
    (FrameMatch(payload_type=96), "rtp.p_type == 96"),
    (FrameMatch(payload_type=111, ports=(Ports(40_000, 40_000),)), "rtp.p_type == 111 and udp.port == 40000"),
]


def matching(match: FrameMatch) -> list[int]:
    """Numbers of the FRAMES that the wire takes for matching, from 1."""
    memory = allocate(((0, 0),), 0, 0, capacity=1)
    fill_bank(memory, 0, {A_B: LinkState(matched=Matched(match, LinkState()))}, {A_B: LossNumbers()})
    data = [np.frombuffer(bytes(frame), np.uint8) for frame in FRAMES]
    return [number for number, frame in enumerate(data, 1) if matches(memory.matches[0, 0], frame, len(frame))]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[int]]:
    """The same by each display filter of tshark: one start counts the frames of each second, and each second has one.

    IPv4 with options has no fields for a match, and an incomplete first fragment has its ports for both.
    """
    capture = tmp_path_factory.mktemp("match") / "frames.pcap"
    for number, frame in enumerate(FRAMES):
        frame.time = 1.05 * number
    wrpcap(str(capture), FRAMES)
    texts = [text if text.startswith("frame") else f"{text} and ip.hdr_len == 20" for _, text in MATCHES]
    apart = ["-o", "ip.defragment:FALSE", "-d", "udp.port==0-65535,rtp"]
    command = ["tshark", "-q", "-r", str(capture), *apart, "-z", ",".join(["io,stat,1", *texts])]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # A row for each second: its name, then frames and bytes of each filter.
    rows = [[int(cell) for cell in line.split("|")[2:-1:2]] for line in said.splitlines() if " <> " in line]
    assert len(rows) == len(FRAMES)
    columns = zip(*rows, strict=True)
    return {
        text: [number for number, count in enumerate(column, 1) if count]
        for (_, text), column in zip(MATCHES, columns, strict=True)
    }


@pytest.mark.parametrize(("match", "display"), MATCHES, ids=[text for _, text in MATCHES])
def test_the_wire_and_tshark_tell_the_same_frames(match: FrameMatch, display: str, told: dict[str, list[int]]) -> None:
    assert matching(match) == told[display]


def test_each_match_takes_some_of_these_frames_and_all_but_the_first_leave_some() -> None:
    found = [len(matching(match)) for match, _ in MATCHES]
    assert found[0] == len(FRAMES)
    assert all(0 < count < len(FRAMES) for count in found[1:])


VOICE = Traffic("voice", "udp", (39_999, 40_000), 154, (111,))


@pytest.mark.parametrize(
    ("match", "may"),
    [
        (FrameMatch(larger_than=153), True),
        (FrameMatch(larger_than=154), False),
        (FrameMatch(protocol="tcp"), False),
        (FrameMatch(ports=(Ports(1, 5), Ports(40_000, 40_000))), True),
        (FrameMatch(ports=(Ports(40_001, 50_000),)), False),
        (FrameMatch(dscp=0, payload_type=111), True),
        (FrameMatch(dscp=46), False),
        (FrameMatch(payload_type=96), False),
    ],
)
def test_what_a_match_may_meet_of_voice(match: FrameMatch, may: bool) -> None:
    assert can_match(match, VOICE) is may
