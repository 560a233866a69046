"""The kernel's filter of media against the wire's own reading of frames, and the counters that sit behind it."""

from __future__ import annotations

import socket
import struct

import numpy as np
import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether

from hostio.sockets import attach_filter
from topologies.bpf.filters import media_filter, mtu_filter
from topologies.bpf.program import machine_code
from topologies.wire.frame_compiled import rtp_sequence, rtp_ssrc, udp_destination

PORTS = (40_000, 42_000)
RTP = struct.pack("!BBHII", 0x80, 111, 65_000, 0, 0xDEADBEEF)

FRAMES = [
    *(bytes(Ether() / IP() / UDP(dport=port) / RTP) for port in (39_999, 40_000, 41_000, 42_000, 42_001)),
    bytes(Ether() / IP(options=b"\x01" * 4) / UDP(dport=40_001) / RTP),
    bytes(Ether() / IP() / TCP(dport=40_001) / RTP),
    bytes(Ether() / ARP()),
    bytes(Ether() / IP() / UDP(dport=40_001))[:38],
]


def is_media(frame: bytes) -> bool:
    port = int(udp_destination(np.frombuffer(frame, np.uint8), len(frame)))
    return PORTS[0] <= port <= PORTS[1]


@pytest.mark.parametrize("frame", FRAMES, ids=range(len(FRAMES)))
def test_kernel_and_wire_tell_the_same_frames(frame: bytes) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    attach_filter(theirs, machine_code(media_filter(PORTS)))
    theirs.setblocking(False)
    with ours, theirs:
        ours.send(frame)
        try:
            passed = theirs.recv(2_048) == frame
        except BlockingIOError:
            passed = False
    assert passed is is_media(frame)


@pytest.mark.parametrize("outgoing", [False, True])
def test_frames_from_one_port_can_be_left_out(outgoing: bool) -> None:
    """Of what a socket receives none is outgoing."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    attach_filter(theirs, machine_code(media_filter(PORTS, outgoing=outgoing, not_from=41_000)))
    theirs.setblocking(False)
    wanted = bytes(Ether() / IP() / UDP(sport=40_999, dport=40_001) / RTP)
    unwanted = bytes(Ether() / IP() / UDP(sport=41_000, dport=40_001) / RTP)
    with ours, theirs:
        for frame in (*FRAMES, unwanted, wanted):
            ours.send(frame)
        media = [*filter(is_media, FRAMES), wanted]
        assert outgoing or [theirs.recv(2_048) for _ in media] == media
        with pytest.raises(BlockingIOError):
            theirs.recv(2_048)


def test_some_of_these_frames_are_media_and_some_are_not() -> None:
    assert [is_media(frame) for frame in FRAMES] == [False, True, True, True, False, False, False, False, True]


def test_a_media_frame_is_known_by_ssrc_and_sequence_number() -> None:
    frame = np.frombuffer(FRAMES[1], np.uint8)
    assert (rtp_ssrc(frame), rtp_sequence(frame)) == (0xDEADBEEF, 65_000)


def test_the_kernel_tells_frames_beyond_an_mtu_as_the_wire_does() -> None:
    """A socket of the kernel's takes datagrams for frames: 14 bytes more than the IP packet."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    attach_filter(theirs, machine_code(mtu_filter(500)))
    theirs.setblocking(False)
    with ours, theirs:
        for length in (60, 514, 515, 1_514):
            ours.send(bytes(length))
        assert [len(theirs.recv(2_048)) for _ in range(2)] == [515, 1_514]
        with pytest.raises(BlockingIOError):
            theirs.recv(2_048)
