"""The relay programs that come with the project, by the packet contract alone: sockets, a real Redis, no testbed."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest
import redis
from program_lab import ShippedKind, ready_program, shipped
from redis_lab import RedisServer, loopback, stopped_redis

from hostio.timing import wait_until
from relay_app import programs
from relay_app.ports import CLIENT_PORT, LANE_PORT
from relay_app.rtp import PATH_OFFSET, PAYLOAD_OFFSET
from relay_app.sessions.directory import Directory, StreamRecord
from relay_app.streams import lane_of

pytestmark = pytest.mark.waits

WITHIN_S = 30.0
HERE, THERE = 1, 2
HOSTS = {HERE: loopback(21), THERE: loopback(22)}
TO_US = StreamRecord(0x1001, THERE, HERE, "in")
TO_THEM = StreamRecord(0x1002, HERE, THERE, "out")
CANARY = StreamRecord(0xCA00_0102, THERE, THERE, "canary", 41000)
COLD = StreamRecord(0x2001, THERE, HERE, "cold")
COLD_AFTER_RESTART = replace(COLD, ssrc=0x2002)
WRONG = {0x2003: replace(COLD, ssrc=0x2003, destination=9), 0x2004: replace(COLD, ssrc=0x2005)}
"""By the SSRC under which they are found: of an unknown cluster, and of another stream."""
NOBODYS = 0x3001
STATELESS = ("socat", "nftables")
"""They keep no sessions, of which these tests are; `relay check` plays what holds for them."""


def packet(ssrc: int, path: bytes = bytes(4)) -> bytes:
    """A packet in the fixed layout, with a path log."""
    header = b"\x90\x6f\x00\x07\x00\x00\x01\x00" + ssrc.to_bytes(4, "big") + b"\xbe\xde\x00\x04"
    return (header + b"\x17" + bytes(8) + b"\x23" + path + b"\0\0").ljust(PAYLOAD_OFFSET, b"\0") + b"payload"


@dataclass(frozen=True)
class Relay:
    """A program that serves at HERE; `ends`: sockets at which its packets arrive, by address."""

    server: RedisServer
    ends: dict[tuple[str, int], socket.socket]

    def send(self, data: bytes, ssrc: int) -> None:
        next(iter(self.ends.values())).sendto(data, (HOSTS[HERE], LANE_PORT + lane_of(ssrc)))

    def arrives(self, at: tuple[str, int]) -> bytes:
        self.ends[at].settimeout(WITHIN_S)
        return self.ends[at].recv(2048)


def write(server: RedisServer, record: StreamRecord) -> None:
    directory = Directory(server.unix)
    directory.write([record])
    directory.close()


PEERS_ON_LOOPBACK = {"coturn": ["--allow-loopback-peers"]}
"""What a server must be told here beside its `relay.yaml`: it refuses to relay to such addresses."""


@contextmanager
def served(kind: ShippedKind, told: dict[str, str], folder: Path) -> Iterator[None]:
    """The server of a kind, ready, if it has one."""
    if not kind.server:
        yield
        return
    command = [*kind.server_command(told), *PEERS_ON_LOOPBACK.get(kind.name, ())]
    with ready_program(command, kind.folder, told, folder / "server-notify"):
        yield


@pytest.fixture(params=[name for name in programs.PROGRAMS if name not in STATELESS], scope="module")
def relay(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """One for all tests: what it is to learn differs from test to test, and they leave no packet under way."""
    kind, folder = shipped(request.param), tmp_path_factory.mktemp(request.param)
    ends = {}
    for at in (
        (HOSTS[HERE], CLIENT_PORT),
        (HOSTS[THERE], LANE_PORT + lane_of(TO_THEM.ssrc)),
        (HOSTS[THERE], CANARY.port),
    ):
        ends[at] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        ends[at].bind(at)
    sessions = folder / "sessions.jsonl"
    sessions.write_text("".join(json.dumps(asdict(each)) + "\n" for each in (TO_US, TO_THEM, CANARY)))
    with stopped_redis(folder) as server:
        server.start()
        told = {
            "BLIPNET_ADDRESS": HOSTS[HERE],
            "BLIPNET_ORDINAL": str(HERE),
            "BLIPNET_LANES": f"{LANE_PORT}-{LANE_PORT + 15}",
            "BLIPNET_CLIENT_PORT": str(CLIENT_PORT),
            "BLIPNET_PEERS": ",".join(f"{ordinal}={host}" for ordinal, host in HOSTS.items()),
            "BLIPNET_DIRECTORY": f"{server.tcp.host}:{server.tcp.port}",
            "BLIPNET_SESSIONS": str(sessions),
            "BLIPNET_RUN_DIR": str(folder),
        }
        with (
            served(kind, told, folder),
            ready_program(kind.command(told), kind.folder, told, folder / "notify") as process,
        ):
            yield Relay(server, ends)
            process.send_signal(signal.SIGTERM)
            assert process.wait(WITHIN_S) == 0
    for end in ends.values():
        end.close()


def test_a_packet_goes_where_its_record_says_and_is_left_as_it_is_but_for_the_path_log(relay: Relay) -> None:
    for record, at in (
        (TO_US, (HOSTS[HERE], CLIENT_PORT)),
        (TO_THEM, (HOSTS[THERE], LANE_PORT + lane_of(TO_THEM.ssrc))),
        (CANARY, (HOSTS[THERE], CANARY.port)),
    ):
        relay.send(packet(record.ssrc, b"\x05\0\0\0"), record.ssrc)
        assert relay.arrives(at) == packet(record.ssrc, bytes((5, HERE, 0, 0)))
    full, without = packet(TO_US.ssrc, b"\x05\x06\x07\x08"), packet(TO_US.ssrc)[:PATH_OFFSET] + b"\x01\x02"
    for each in (full, without):
        relay.send(each, TO_US.ssrc)
        assert relay.arrives((HOSTS[HERE], CLIENT_PORT)) == each


def test_other_layouts_are_left_as_they_are(relay: Relay) -> None:
    """Byte 25 is that of a path log by chance, without our header extensions."""
    plain = packet(TO_US.ssrc).replace(b"\xbe\xde", b"\xbe\xdf")
    relay.send(plain, TO_US.ssrc)
    assert relay.arrives((HOSTS[HERE], CLIENT_PORT)) == plain


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(COLD, id="once"),
        pytest.param(COLD_AFTER_RESTART, id="after the directory was restarted", marks=pytest.mark.long),
    ],
)
def test_a_stream_that_it_does_not_hold_is_dropped_until_its_record_is_there(
    relay: Relay, record: StreamRecord
) -> None:
    if record == COLD_AFTER_RESTART:
        relay.server.stop()
        relay.send(packet(record.ssrc), record.ssrc)
        relay.server.start()
    write(relay.server, record)
    end = relay.ends[(HOSTS[HERE], CLIENT_PORT)]
    end.setblocking(False)
    sent = 0

    def one_arrived() -> bool:
        nonlocal sent
        relay.send(packet(record.ssrc), record.ssrc)
        sent += 1
        try:
            return end.recv(2048) == packet(record.ssrc, bytes((HERE, 0, 0, 0)))
        except BlockingIOError:
            return False

    assert wait_until(one_arrived, WITHIN_S, 0.01)
    assert sent > 1
    last = packet(record.ssrc, b"\x05\x06\x07\x08")
    relay.send(last, record.ssrc)
    assert any(relay.arrives((HOSTS[HERE], CLIENT_PORT)) == last for _ in range(sent))


def test_what_is_no_rtp_or_nobodys_goes_nowhere_and_the_relay_goes_on(relay: Relay) -> None:
    for each in (b"", b"\x80", b"\x00" * 40, packet(NOBODYS)):
        relay.send(each, TO_US.ssrc)
    relay.send(packet(TO_US.ssrc), TO_US.ssrc)
    assert relay.arrives((HOSTS[HERE], CLIENT_PORT)) == packet(TO_US.ssrc, bytes((HERE, 0, 0, 0)))
    for end in relay.ends.values():
        end.setblocking(False)
        with pytest.raises(BlockingIOError):
            end.recv(2048)


def test_a_wrong_record_moves_nothing(relay: Relay) -> None:
    raw = redis.Redis(unix_socket_path=str(relay.server.unix.path))
    for ssrc, wrong in WRONG.items():
        raw.set(f"stream:{ssrc:08x}", wrong.encode())
    raw.close()
    end = relay.ends[(HOSTS[HERE], CLIENT_PORT)]
    for _ in range(3):
        for ssrc in WRONG:
            relay.send(packet(ssrc), ssrc)
        end.settimeout(0.05)
        with pytest.raises(TimeoutError):
            end.recv(2048)
    relay.send(packet(TO_US.ssrc), TO_US.ssrc)
    assert relay.arrives((HOSTS[HERE], CLIENT_PORT)) == packet(TO_US.ssrc, bytes((HERE, 0, 0, 0)))
