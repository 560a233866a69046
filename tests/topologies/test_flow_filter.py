"""The kernel's filter of flows against the wire's hash: the same frames, and as many flows as asked."""

from __future__ import annotations

import ctypes
import random
import socket
import struct

import numpy as np
import pytest
import scipy

from topologies.bpf.flow_filter import flow_filter
from topologies.bpf.program import bytecode, machine_code
from topologies.link_state import flows_below
from topologies.wire.frame_compiled import flip_bit, flow_hash, udp_destination

SO_ATTACH_FILTER = 26


def frame(seed: int) -> bytes:
    """IPv4 with UDP, TCP or another protocol, with options now and then; or not IPv4."""
    rng = random.Random(seed)
    ethertype = rng.choice([b"\x08\x00"] * 6 + [b"\x08\x06"])
    version = rng.choice([b"\x45"] * 6 + [b"\x46"])
    addresses = rng.randbytes(8)
    return (
        b"\x02" * 12
        + ethertype
        + version
        + bytes(8)
        + rng.choice([b"\x11", b"\x06", b"\x01"])
        + bytes(2)
        + addresses
        + rng.randbytes(40)
    )


def hashed(data: bytes) -> int:
    return int(flow_hash(np.frombuffer(data, np.uint8), len(data)))


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_kernel_takes_the_frames_whose_hash_is_below(share: float) -> None:
    """The kernel runs the program as a socket filter, on a pair of sockets that carry whole frames."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    code = machine_code(flow_filter(flows_below(share)))
    buffer = ctypes.create_string_buffer(code, len(code))
    theirs.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(code) // 8, ctypes.addressof(buffer)))
    theirs.setblocking(False)
    with ours, theirs:
        for seed in range(500):
            data = frame(seed)
            ours.send(data)
            try:
                matched = theirs.recv(2_048) == data
            except BlockingIOError:
                matched = False
            assert matched is (hashed(data) < flows_below(share))


def test_share_of_flows_is_the_share_asked_for() -> None:
    vanished = sum(
        hashed(bytes(12) + b"\x08\x00\x45" + bytes(8) + b"\x11" + bytes(2) + random.Random(n).randbytes(12))
        < flows_below(0.25)
        for n in range(8_000)
    )
    assert scipy.stats.binomtest(vanished, 8_000, 0.25).pvalue > 0.001


def test_all_frames_of_a_flow_have_one_hash() -> None:
    head = bytes(12) + b"\x08\x00\x45" + bytes(8) + b"\x11" + bytes(2) + bytes(range(12))
    assert hashed(head + b"one") == hashed(head + b"another")
    assert udp_destination(np.frombuffer(head, np.uint8), len(head)) == 10 << 8 | 11


def test_bytecode_is_counted_and_complete() -> None:
    program = flow_filter(7)
    head, *rest = bytecode(program).split(",")
    assert int(head) == len(program) == len(rest)
    assert rest[0] == "40 0 0 12"


def test_one_bit_is_turned() -> None:
    data = np.zeros(10, np.uint8)
    flip_bit(data, 10, 0.999)
    assert data.tolist() == [0] * 9 + [128]
