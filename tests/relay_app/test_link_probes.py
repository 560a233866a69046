"""Sender and reflector of probes over the loopback network, without processes."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from select import select

import pytest
from media_lab import ANSWER_WITHIN_S, OFFSET_NS
from redis_lab import loopback

from hostio.timing import MS
from relay_app.ports import REFLECTION_PORT
from relay_app.probing.link_probes import LinkProbes, ProbeReceiver
from relay_app.probing.probe_report import ProbeReport, ReflectionReport, ReportSender
from relay_app.probing.stamp import SENT_TTL, ReflectedPacket, SenderPacket

PEERS = {1: loopback(1), 2: loopback(2)}


@pytest.fixture
def telemetry(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "telemetry.sock"))
        listener.settimeout(ANSWER_WITHIN_S)
        yield listener


@pytest.fixture
def reports(telemetry: socket.socket) -> Iterator[ReportSender]:
    with closing(ReportSender(telemetry.getsockname())) as sender:
        yield sender


def arrived(endpoint: socket.socket) -> None:
    assert select([endpoint], [], [], ANSWER_WITHIN_S)[0]


def test_a_probe_is_reported_at_both_ends(telemetry: socket.socket, reports: ReportSender) -> None:
    """The sender's word of the arrival is the receiver's; the reflector counts what it sent back, not what was sent."""
    sender = LinkProbes(1, PEERS[1], {2: PEERS[2]}, OFFSET_NS, 50 * MS, reports)
    reflector = ProbeReceiver(2, PEERS[2], {1: PEERS[1]}, OFFSET_NS, reports, reflect=True)
    with closing(sender.socket), closing(reflector.socket):
        for reflected, number in enumerate((5, 9)):
            sender.send(number)
            arrived(reflector.socket)
            reflector.receive()
            there = ProbeReport.decode(telemetry.recv(64))
            assert (there.source, there.destination, there.sequence) == (1, 2, number)
            arrived(sender.socket)
            sender.receive()
            datagram = telemetry.recv(64)
            assert ReflectionReport.is_in(datagram)
            assert ReflectionReport.decode(datagram) == ReflectionReport(there, reflected)
    assert reflector.counters == {"foreign": 0, "malformed": 0, "reflected": 2, "unreflected": 0}
    assert sender.counters == {"unsent": 0, "foreign_reflections": 0}


def test_what_is_reflected_has_the_times_and_the_ttl_of_its_arrival(
    telemetry: socket.socket, reports: ReportSender
) -> None:
    reflector = ProbeReceiver(2, PEERS[2], {1: PEERS[1]}, OFFSET_NS, reports, reflect=True)
    with closing(reflector.socket), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind((PEERS[1], REFLECTION_PORT))
        peer.settimeout(ANSWER_WITHIN_S)
        peer.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, SENT_TTL - 3)
        peer.sendto(SenderPacket(7, 1).encode(OFFSET_NS), reflector.socket.getsockname())
        arrived(reflector.socket)
        reflector.receive()
        packet = ReflectedPacket.decode(peer.recv(64), OFFSET_NS)
    report = ProbeReport.decode(telemetry.recv(64))
    assert (packet.sequence, packet.sender, packet.ttl) == (0, SenderPacket(7, 1), SENT_TTL - 3)
    assert packet.received_ns == report.received_ns <= packet.sent_ns


@pytest.mark.parametrize("reflect", [True, False])
def test_nothing_is_reflected_that_is_no_probe_nor_where_it_is_off(reports: ReportSender, *, reflect: bool) -> None:
    probe = SenderPacket(7, 1).encode(OFFSET_NS)
    receiver = ProbeReceiver(2, PEERS[2], {1: PEERS[1]}, OFFSET_NS, reports, reflect=reflect)
    sender = LinkProbes(1, PEERS[1], {2: PEERS[2]}, OFFSET_NS, 50 * MS, reports)
    with closing(receiver.socket), closing(sender.socket):
        sender.socket.sendto(probe[:13] if reflect else probe, receiver.socket.getsockname())
        arrived(receiver.socket)
        receiver.receive()
        assert not select([sender.socket], [], [], 0)[0]
        receiver.socket.sendto(b"no reflection", sender.socket.getsockname())
        arrived(sender.socket)
        sender.receive()
    assert receiver.counters["malformed"] == int(reflect)
    assert sender.counters["foreign_reflections"] == 1
