"""STAMP test packets against the figures of RFC 8762 §4.2.1 and §4.3.1, octet by octet, and against Wireshark."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from relay_app.ports import PROBE_PORT, REFLECTION_PORT
from relay_app.probing.stamp import PROBE_FRAME_BYTES, ReflectedPacket, SenderPacket

OFFSET_NS = 3_900_000_000 * 1_000_000_000
"""CLOCK_MONOTONIC 0 is second 3 900 000 000 = 0xE8754700 since 1900."""

SENT = SenderPacket(258, 1_500_000_000)
REFLECTED = ReflectedPacket(7, 4_250_000_000, 3_750_000_000, SENT, 254)

SENT_OCTETS = "00000102  E8754701 80000000  8C01" + "00" * 30
REFLECTED_OCTETS = (
    "00000007  E8754704 40000000  8C01 0000"  # sequence number, timestamp, error estimate, MBZ
    "E8754703 C0000000"  # receive timestamp
    "00000102  E8754701 80000000  8C01 0000"  # the sender's three, MBZ
    "FE 000000"  # its TTL, MBZ
)


def test_the_octets_of_a_packet_sent() -> None:
    wire = SENT.encode(OFFSET_NS)
    assert wire == bytes.fromhex(SENT_OCTETS)
    assert len(wire) == 44
    assert SenderPacket.decode(wire + b"padding", OFFSET_NS) == SENT


def test_the_octets_of_a_packet_reflected() -> None:
    wire = REFLECTED.encode(OFFSET_NS)
    assert wire == bytes.fromhex(REFLECTED_OCTETS)
    assert len(wire) == 44, "as what it reflects, so that links treat both alike"
    assert ReflectedPacket.decode(wire + b"padding", OFFSET_NS) == REFLECTED


@pytest.mark.parametrize("length", [0, 1, 14, 43])
@pytest.mark.parametrize("packet", [SenderPacket, ReflectedPacket])
def test_short_packets_are_refused(packet: type[SenderPacket | ReflectedPacket], length: int) -> None:
    with pytest.raises(ValueError, match=f"^{length} bytes$"):
        packet.decode(bytes(length), OFFSET_NS)


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_wireshark_reads_what_we_write(tmp_path: Path) -> None:
    """The packets are those of TWAMP-Test (RFC 5357 §4; RFC 8762 §4.6), which Wireshark knows longer."""
    capture = tmp_path / "probes.pcap"
    frame: Any = Ether() / IP(ttl=255) / UDP(sport=PROBE_PORT, dport=REFLECTION_PORT) / REFLECTED.encode(OFFSET_NS)
    wrpcap(str(capture), [frame])
    assert len(frame) == PROBE_FRAME_BYTES
    names = ["seq_number", "error_estimate", "sender_seq_number", "sender_error_estimate", "sender_ttl"]
    times = ["timestamp", "receive_timestamp", "sender_timestamp"]
    fields = [part for name in (*names, *times) for part in ("-e", f"twamp.test.{name}")]
    command = ["tshark", "-r", str(capture), "-d", f"udp.port=={PROBE_PORT},twamp.test", "-T", "fields", *fields]
    seen = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\t")
    assert [int(each, 0) for each in seen[: len(names)]] == [7, 0x8C01, 258, 0x8C01, 254]
    assert [each.split(":")[-1].split()[0] for each in seen[len(names) :]] == [
        "04.250000000",
        "03.750000000",
        "01.500000000",
    ]
