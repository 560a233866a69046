"""TCP connections over the loopback network."""

from __future__ import annotations

import socket
from pathlib import Path
from time import monotonic_ns

import numpy as np
import pytest
from every import every
from media_lab import Process
from redis_lab import loopback

from hostio.control import Ready
from hostio.timing import MS, S, wait_until
from relay_app.clients import tcp_peer
from relay_app.clients.tcp_peer import TcpPeerConfig
from relay_app.messages import MediaWindow
from relay_app.ports import CONNECTION_PORT
from relay_app.records import ExchangeOutcome
from relay_app.streams import KINDS, ConnectionGroup, connections_of

pytestmark = pytest.mark.waits

WITHIN_S = 30.0
MEDIA_NS = 600 * MS
ANSWERED_WITHIN_NS = 400 * MS
HOSTS = {"a": loopback(1), "b": loopback(2)}
CONNECTIONS = tuple(
    connections_of(
        [ConnectionGroup("agents", "a", "b", 2, "agent"), ConnectionGroup("calls", "a", "b", 1, "signalling")]
    )
)


def start(cluster: str, folder: Path) -> Process:
    dialled = CONNECTIONS if cluster == "a" else ()
    process = Process(tcp_peer.serve, TcpPeerConfig(HOSTS[cluster], HOSTS, dialled, folder / f"{cluster}.npy"))
    assert process.answer() == Ready()
    return process


def test_every_request_is_answered_at_its_pace(tmp_path: Path) -> None:
    peers = [start(cluster, tmp_path) for cluster in ("b", "a")]
    start_ns = monotonic_ns() + 100 * MS
    peers[1].control.send(MediaWindow(start_ns, start_ns + MEDIA_NS))
    assert wait_until(lambda: monotonic_ns() > start_ns + MEDIA_NS + ANSWERED_WITHIN_NS, WITHIN_S)
    assert [peer.stop().counters for peer in reversed(peers)] == [{"broken_connections": 0}] * 2
    rows = np.load(tmp_path / "a.npy")
    assert set(rows["outcome"]) == {ExchangeOutcome.ANSWERED}
    assert np.bincount(rows["connection"]).tolist() == [3, 3, 1]
    assert every(rows["answered_ns"] > rows["sent_ns"])
    sent_ns = rows["sent_ns"][rows["connection"] == 0]
    assert every(sent_ns >= start_ns + np.arange(3) * KINDS["agent"].interval_ns)
    assert len(np.load(tmp_path / "b.npy")) == 0


@pytest.mark.long
def test_what_goes_down_with_its_connection_is_lost_and_the_connection_dialled_anew(tmp_path: Path) -> None:
    """The far end takes the first connection, never answers, and hangs up; then the real one takes over."""
    with socket.create_server((HOSTS["b"], CONNECTION_PORT)) as listener:
        dialling = start("a", tmp_path)
        start_ns = monotonic_ns()
        dialling.control.send(MediaWindow(start_ns, start_ns + 2 * S))
        taken = [listener.accept()[0] for _ in CONNECTIONS]
        for endpoint in taken:
            assert endpoint.recv(1)
    for endpoint in taken:
        endpoint.close()
    answering = start("b", tmp_path)
    assert wait_until(lambda: monotonic_ns() > start_ns + 2 * S, WITHIN_S)
    assert dialling.stop().counters["broken_connections"] >= len(CONNECTIONS)
    answering.stop()
    rows = np.load(tmp_path / "a.npy")
    for number in range(len(CONNECTIONS)):
        outcomes = rows["outcome"][rows["connection"] == number]
        assert outcomes[0] == ExchangeOutcome.LOST
        assert (outcomes == ExchangeOutcome.ANSWERED).any()
