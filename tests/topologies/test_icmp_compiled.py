"""The ICMP answer of the wire against the one that scapy builds (RFC 792, RFC 1191)."""

from __future__ import annotations

import numpy as np
import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from topologies.wire.icmp_compiled import ANSWER_BYTES, wants_answer, write_answer

HERE, THERE = "02:00:00:00:00:01", "02:00:00:00:00:02"


def too_big(flags: str, frag: int = 0) -> Packet:
    header: Packet = IP(src="10.0.0.1", dst="10.0.0.2", id=7, flags=flags, frag=frag)
    found: Packet = Ether(src=HERE, dst=THERE) / header / UDP(sport=40_000, dport=40_001) / Raw(bytes(1200))
    return found


def test_the_answer_is_that_of_a_router() -> None:
    frame, answer = np.frombuffer(bytes(too_big("DF")), np.uint8), np.ones(1536, np.uint8)
    write_answer(answer, frame, 1_100)
    quoted = bytes(too_big("DF"))[14 : 14 + 28]
    header: Packet = Ether(src=THERE, dst=HERE) / IP(src="10.0.0.2", dst="10.0.0.1", id=0, ttl=64)
    expected = header / ICMP(type=3, code=4, nexthopmtu=1_100) / Raw(quoted)
    assert answer[:ANSWER_BYTES].tobytes() == bytes(expected)


@pytest.mark.parametrize(
    ("packet", "wanted"),
    [
        (too_big("DF"), True),
        (too_big(""), False),
        (too_big("DF", frag=8), False),
        (Ether() / IP(flags="DF") / TCP() / Raw(bytes(1200)), True),
        (Ether() / IP(flags="DF") / ICMP() / Raw(bytes(1200)), False),
        (Ether() / ARP() / Raw(bytes(1200)), False),
    ],
)
def test_what_is_answered(packet: Packet, wanted: bool) -> None:
    frame = np.frombuffer(bytes(packet), np.uint8)
    assert bool(wants_answer(frame, len(frame))) is wanted
