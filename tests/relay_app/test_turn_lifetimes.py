"""The adapter keeps what a real coturn would let expire, and does not without refreshes."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import monotonic

import pytest
from program_lab import ready_program, shipped
from redis_lab import loopback

from hostio.timing import wait_until
from relay_app.ports import CLIENT_PORT, LANE_PORT
from relay_app.sessions.directory import StreamRecord
from relay_app.streams import lane_of

pytestmark = pytest.mark.waits

HERE = loopback(41)
STREAM = StreamRecord(0x1001, 2, 1, "kept")
RENEW_S, LIFETIME_S = 1, 2
WITHIN_S = 20.0


@contextmanager
def carried(folder: Path, renew_s: int, lifetime_s: int) -> Iterator[socket.socket]:
    """coturn, whose channels and permissions last so long, behind the adapter; yields the socket of the clients."""
    kind = shipped("coturn")
    (folder / "sessions").write_text(json.dumps(asdict(STREAM)) + "\n")
    told = {
        "BLIPNET_ADDRESS": HERE,
        "BLIPNET_ORDINAL": "1",
        "BLIPNET_LANES": f"{LANE_PORT}-{LANE_PORT + 15}",
        "BLIPNET_CLIENT_PORT": str(CLIENT_PORT),
        "BLIPNET_PEERS": f"1={HERE},2={loopback(42)}",
        "BLIPNET_DIRECTORY": f"{HERE}:1",
        "BLIPNET_SESSIONS": str(folder / "sessions"),
        "BLIPNET_RUN_DIR": str(folder),
    }
    short = [f"--channel-lifetime={lifetime_s}", f"--permission-lifetime={lifetime_s}", "--allow-loopback-peers"]
    # The check of an open session refreshes its allocation: out of the way here, as is the end of an idle one.
    patient = [f"--renew={renew_s}", "--check=60000", "--idle=600"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind((HERE, CLIENT_PORT))
        client.setblocking(False)
        with (
            ready_program([*kind.server_command(told), *short], kind.folder, told, folder / "s"),
            ready_program([*kind.command(told), *patient], kind.folder, told, folder / "a"),
        ):
            yield client


def arrives(client: socket.socket) -> bool:
    """Whether a packet of the stream comes through within a moment; earlier ones are taken as well."""
    packet = b"\x80\x6f" + bytes(6) + STREAM.ssrc.to_bytes(4, "big") + b"payload"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(packet, (HERE, LANE_PORT + lane_of(STREAM.ssrc)))

    def received() -> bool:
        try:
            return client.recv(2048) == packet
        except BlockingIOError:
            return False

    return wait_until(received, 0.2)


@pytest.mark.long
def test_a_channel_that_is_refreshed_carries_media_beyond_its_lifetime(tmp_path: Path) -> None:
    """And beyond the time to which it would be carried by a single refresh."""
    with carried(tmp_path, RENEW_S, LIFETIME_S) as client:
        until = monotonic() + RENEW_S + LIFETIME_S + 0.3
        while monotonic() < until:
            assert wait_until(lambda: arrives(client), WITHIN_S)
            wait_until(lambda: False, 0.2)
        assert wait_until(lambda: arrives(client), WITHIN_S)


@pytest.mark.long
def test_a_channel_that_is_not_refreshed_expires(tmp_path: Path) -> None:
    """That the test above can fail."""
    with carried(tmp_path, renew_s=600, lifetime_s=2) as client:
        assert any(arrives(client) for _ in range(5))
        assert wait_until(lambda: not arrives(client), WITHIN_S)
        assert wait_until(lambda: not any(arrives(client) for _ in range(3)), WITHIN_S)
