"""OpenFlow that is none, or hostile: the controller process goes on serving its switches.

Ordinary messages of a switch, cut, lengthened, with bits turned over and fields drawn at random, before the hello and
after each step of the handshake.
"""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from ryu_lab import needs_ryu
from wire_lab import DEADLINE_S, WireLab, wait_until

from benchmarks.wire_switch import FEATURES_REPLY, HEADER, HELLO, MULTIPART_REPLY
from topologies.model import Direction

STRANGER = 77
"""The datapath id of no switch of the topology."""
ERROR, PORT_STATUS, PACKET_IN, BARRIER_REPLY = 1, 12, 10, 21
FLOW_STATS, GROUP_DESC, PORT_DESC = 1, 7, 13
CONNECTIONS, MESSAGES = 40, 10


def message(kind: int, body: bytes = b"", token: int = 0, version: int = 4) -> bytes:
    return HEADER.pack(version, kind, HEADER.size + len(body), token) + body


def features(datapath_id: int) -> bytes:
    return message(FEATURES_REPLY, struct.pack("!QIBB2xII", datapath_id, 0, 1, 0, 0, 0))


def multipart(kind: int, body: bytes = b"") -> bytes:
    return message(MULTIPART_REPLY, struct.pack("!HH4x", kind, 0) + body)


def handshake(datapath_id: int) -> list[bytes]:
    """What a switch says until it counts as connected."""
    return [
        message(HELLO),
        features(datapath_id),
        multipart(PORT_DESC),
        multipart(FLOW_STATS),
        multipart(GROUP_DESC),
    ]


def malformed(draw: random.Random) -> bytes:
    """A message with something wrong in it."""
    kinds = [HELLO, FEATURES_REPLY, MULTIPART_REPLY, ERROR, PORT_STATUS, PACKET_IN, BARRIER_REPLY, draw.randrange(256)]
    body = draw.randbytes(draw.choice([0, 1, 7, 8, 40, 72, 200]))
    if draw.random() < 0.3:
        body = struct.pack("!HH4x", draw.choice([FLOW_STATS, GROUP_DESC, PORT_DESC, 9]), draw.randrange(4)) + body
    whole = bytearray(message(draw.choice(kinds), body, draw.randrange(1 << 32), draw.choice([4, 4, 4, 0, 1, 6, 255])))
    if draw.random() < 0.4:
        struct.pack_into("!H", whole, 2, draw.choice([0, 1, 7, 8, 9, len(whole) - 1, len(whole) + 5, 0xFFFF]))
    return bytes(whole)


def throw(address: tuple[str, int], sent: list[bytes]) -> None:
    """Send all of it, and close; the controller may have closed before."""
    with socket.create_connection(address) as connection, suppress(OSError):
        for each in sent:
            connection.sendall(each)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(0.02)
        while connection.recv(4096):
            pass


def every_kind(address: tuple[str, int]) -> None:
    draw = random.Random("malformed OpenFlow")
    for number in range(CONNECTIONS):
        throw(address, [*handshake(STRANGER)[: number % 6], *(malformed(draw) for _ in range(MESSAGES))])
    throw(address, [draw.randbytes(4096)])
    # Well formed, of a switch that there is not.
    throw(address, [*handshake(STRANGER), message(ERROR, struct.pack("!HH", 5, 1)), message(BARRIER_REPLY, token=1)])


@pytest.fixture(params=["os-ken", pytest.param("ryu", marks=needs_ryu)])
def lab(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[WireLab]:
    lab = WireLab(tmp_path, request.param)
    yield lab
    lab.close()


def test_malformed_messages_stop_neither_the_controller_nor_what_it_does(lab: WireLab) -> None:
    every_kind(lab.address)
    for datagram in (b"", b"\0", b"\0" * 4096, bytes(range(200)), b"\xff" * 23):
        lab.telemetry.send(datagram)
    wait_until(lambda: len(lab.records("health")) == 6, DEADLINE_S, lab.probe)
    assert lab.process.poll() is None
    before = [switch.flow_mods for switch in lab.switches]
    wait_until(lambda: bool(lab.records("decision")), DEADLINE_S, lambda: lab.probe(Direction("east", "west")))
    assert [switch.flow_mods - count for switch, count in zip(lab.switches, before, strict=True)] == [16, 0, 16]
    assert lab.records("decision")[0]["via"] == "central"
