"""RTP in ChannelData frames: what is read of them, and what the kernel's filter lets through."""

from __future__ import annotations

import socket
import struct

import pytest
from scapy.contrib.stun import STUN
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.layers.rtp import RTP

from hostio.sockets import attach_filter
from relay_app.webrtc.turn_frames import CHANNELS, HEADERS, RelayedRtp, relayed_rtp
from topologies.bpf.filters import first_byte_filter
from topologies.bpf.program import machine_code

PEER, SERVER = "10.0.0.1", "10.0.0.3"
MEDIA = bytes(RTP(sequence=65_000, timestamp=960, sourcesync=0xDEADBEEF, payload_type=96)) + bytes(80)
SENDER_REPORT = struct.pack("!BBHI", 0x80, 200, 6, 0xDEADBEEF) + bytes(20)
HANDSHAKE = bytes([22, 254, 253]) + bytes(60)


def channel_data(payload: bytes, number: int = 0x4000) -> bytes:
    return struct.pack("!HH", number, len(payload)) + payload


def frame(payload: bytes, *, outgoing: bool = True) -> bytes:
    source, destination = (PEER, SERVER) if outgoing else (SERVER, PEER)
    from_port, to_port = (50_000, 3478) if outgoing else (3478, 50_000)
    return bytes(Ether() / IP(src=source, dst=destination) / UDP(sport=from_port, dport=to_port) / payload)


@pytest.mark.parametrize("outgoing", [True, False])
def test_ssrc_sequence_number_and_server_are_read_in_either_direction(outgoing: bool) -> None:
    read = relayed_rtp(frame(channel_data(MEDIA), outgoing=outgoing)[:HEADERS], outgoing=outgoing)
    assert read == RelayedRtp(0xDEADBEEF, 65_000, SERVER)


@pytest.mark.parametrize(
    "payload",
    [channel_data(SENDER_REPORT), channel_data(HANDSHAKE), channel_data(bytes(STUN()) + bytes(40)), MEDIA, b"@"],
    ids=["RTCP", "DTLS", "STUN", "no channel", "short"],
)
def test_what_is_no_rtp_in_a_channel_is_left_out(payload: bytes) -> None:
    assert relayed_rtp(frame(payload), outgoing=True) is None


def passes(data: bytes) -> bool:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        attach_filter(theirs, machine_code(first_byte_filter(*CHANNELS)))
        theirs.setblocking(False)
        ours.send(data)
        try:
            return theirs.recv(2_048) == data
        except BlockingIOError:
            return False


def test_the_kernels_filter_lets_channels_of_turn_pass_and_nothing_else() -> None:
    """Channel numbers are 0x4000 to 0x4FFF (RFC 8656 §12)."""
    assert [passes(frame(channel_data(MEDIA, number))) for number in (0x3FFF, 0x4000, 0x4FFF, 0x5000)] == [
        False,
        True,
        True,
        False,
    ]
    assert not passes(frame(MEDIA))
    assert not passes(bytes(Ether() / IP() / TCP(dport=3478, ack=0x40 << 24) / bytes(20)))
    assert not passes(frame(b"")[:42])
