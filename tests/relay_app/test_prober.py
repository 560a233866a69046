from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic_ns

import numpy as np
import pytest
from media_lab import ANSWER_WITHIN_S, OFFSET_NS, Process
from redis_lab import loopback

from hostio.control import Ready
from hostio.timing import MS, wait_until
from relay_app.messages import StartProbing
from relay_app.ports import PROBE_PORT
from relay_app.probing import prober
from relay_app.probing.probe_report import ProbeReport
from relay_app.probing.prober import ProberConfig
from relay_app.probing.stamp import SenderPacket

INTERVAL_NS = 5 * MS
RECEIVED_WITHIN_NS = 60_000 * MS


@pytest.fixture
def telemetry(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "telemetry.sock"))
        listener.settimeout(ANSWER_WITHIN_S)
        yield listener


def start(ordinal: int, peers: tuple[int, ...], folder: Path, report: str = "telemetry.sock") -> Process:
    addresses = {peer: loopback(peer) for peer in peers}
    path = str(folder / report)
    records = folder / f"{ordinal}.npy"
    config = ProberConfig(ordinal, loopback(ordinal), addresses, OFFSET_NS, path, records, INTERVAL_NS)
    process = Process(prober.serve, config)
    assert process.answer() == Ready()
    return process


def test_both_directions_are_probed_on_schedule(telemetry: socket.socket, tmp_path: Path) -> None:
    """Every probe is recorded, and reported or counted as unreported: the socket takes ten that nobody has read."""
    probers = [start(1, (2,), tmp_path), start(2, (1,), tmp_path)]
    start_ns = monotonic_ns()
    for process in probers:
        process.control.send(StartProbing(start_ns))
    reports: dict[tuple[int, int], list[ProbeReport]] = {(1, 2): [], (2, 1): []}

    def enough() -> bool:
        report = ProbeReport.decode(telemetry.recv(64))
        reports[report.source, report.destination].append(report)
        return min(map(len, reports.values())) >= 10

    assert wait_until(enough, ANSWER_WITHIN_S)
    unreported = {}
    for ordinal, process in enumerate(probers, start=1):
        counters = dict(process.stop().counters)
        unreported[ordinal] = counters.pop("unreported")
        assert set(counters.values()) == {0}
    while select.select([telemetry], [], [], 0)[0]:
        enough()
    for (source, destination), arrived in reports.items():
        recorded = np.load(tmp_path / f"{destination}.npy")
        reported = {report.sequence for report in arrived}
        assert recorded["sequence"].tolist() == list(range(len(recorded)))
        assert len(reported) == len(arrived) == len(recorded) - unreported[destination]
        assert all(report.sent_ns >= start_ns + report.sequence * INTERVAL_NS for report in arrived)
        assert all(0 < report.received_ns - report.sent_ns < RECEIVED_WITHIN_NS for report in arrived)
        known = {row[1]: row for row in recorded.tolist()}
        assert [(source, *row[2:]) for row in arrived] == [known[report.sequence] for report in arrived]


def test_late_probes_keep_their_numbers(telemetry: socket.socket, tmp_path: Path) -> None:
    receiver, sender = start(2, (1,), tmp_path), start(1, (2,), tmp_path)
    sender.control.send(StartProbing(monotonic_ns() - 7 * INTERVAL_NS))
    reports = [ProbeReport.decode(telemetry.recv(64)) for _ in range(8)]
    assert [report.sequence for report in reports] == list(range(8))
    sender.stop()
    receiver.stop()


def test_what_is_no_probe_is_counted(telemetry: socket.socket, tmp_path: Path) -> None:
    process = start(1, (2,), tmp_path)
    probe = SenderPacket(7, monotonic_ns()).encode(OFFSET_NS)
    with peer_socket(2) as peer, peer_socket(3) as stranger:
        stranger.sendto(probe, (loopback(1), PROBE_PORT))
        peer.sendto(probe[:43], (loopback(1), PROBE_PORT))
        peer.sendto(probe + b"padding", (loopback(1), PROBE_PORT))
    assert ProbeReport.decode(telemetry.recv(64)).sequence == 7
    assert process.stop().counters == {
        "foreign": 1,
        "malformed": 1,
        "unsent": 0,
        "foreign_reflections": 0,
        "unreported": 0,
        "unheard": 0,
    }


def test_reports_to_nobody_are_counted(tmp_path: Path) -> None:
    process = start(1, (2,), tmp_path, report="nobody.sock")
    with peer_socket(2) as peer:
        peer.sendto(SenderPacket(7, monotonic_ns()).encode(OFFSET_NS), (loopback(1), PROBE_PORT))
    assert process.stop().counters["unheard"] == 1


def peer_socket(ordinal: int) -> socket.socket:
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    peer.bind((loopback(ordinal), 0))
    return peer
