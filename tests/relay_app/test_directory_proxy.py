"""The directory's proxy with a real Redis behind it: answers come later, all by the same, and nothing else changes."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic_ns

import pytest
from media_lab import Process
from redis_lab import RedisServer, loopback, stopped_redis
from tries import best

from hostio.control import Ready
from hostio.timing import MS, S
from relay_app.messages import AnswersDelayed, DelayAnswers, StandingBy, TakeOver
from relay_app.sessions import directory_proxy
from relay_app.sessions.directory import Directory, DirectoryEndpoint, DirectoryError, StreamRecord
from relay_app.sessions.directory_proxy import DirectoryProxyConfig

EXTRA_NS = 120 * MS
RECORDS = tuple(StreamRecord(ssrc, 1, 2, f"talk-{ssrc:04d}") for ssrc in range(1, 200))
PROXY = DirectoryEndpoint(host=loopback(253))


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    with stopped_redis(tmp_path) as server:
        server.start()
        signalling = Directory(server.unix)
        signalling.write(RECORDS)
        signalling.close()
        yield server


def config_of(server: RedisServer) -> DirectoryProxyConfig:
    return DirectoryProxyConfig(PROXY.host, Path(str(server.unix.path)))


@pytest.fixture
def proxy(redis_server: RedisServer) -> Iterator[Process]:
    process = Process(directory_proxy.serve, config_of(redis_server))
    assert process.answer() == Ready()
    yield process
    process.stop()


@pytest.fixture
def directory(proxy: Process) -> Iterator[Directory]:  # noqa: ARG001 - it must be open
    directory = Directory(PROXY)
    directory.connect()
    yield directory
    directory.close()


def answer_later(proxy: Process, extra_ns: int) -> None:
    proxy.control.send(DelayAnswers(extra_ns))
    assert proxy.answer() == AnswersDelayed(extra_ns)


def took_ns(directory: Directory) -> int:
    begun_ns = monotonic_ns()
    assert len(directory.fetch([record.ssrc for record in RECORDS]).found) == len(RECORDS)
    return monotonic_ns() - begun_ns


def test_answers_come_later_while_they_are_to_and_no_longer(proxy: Process, directory: Directory) -> None:
    def at_once() -> bool:
        return best(lambda: took_ns(directory), lambda found: found < EXTRA_NS / 2) < EXTRA_NS / 2

    def later_ns() -> int:
        found = took_ns(directory)
        assert found >= EXTRA_NS
        return found

    assert at_once()
    answer_later(proxy, EXTRA_NS)
    later_ns()
    assert best(later_ns, lambda found: found < 1.4 * EXTRA_NS) < 1.4 * EXTRA_NS
    answer_later(proxy, 0)
    assert at_once()


def dial() -> socket.socket:
    return socket.create_connection((PROXY.host, PROXY.port), timeout=5)


def read(connection: socket.socket, length: int) -> bytes:
    answer = b""
    while len(answer) < length:
        received = connection.recv(1 << 20)
        assert received, f"closed after {answer!r}"
        answer += received
    return answer


def test_many_answers_are_under_way_at_once(proxy: Process) -> None:
    """Twenty clients together wait once, not twenty times, and so do twenty questions of one."""
    answer_later(proxy, EXTRA_NS)
    clients = [dial() for _ in range(20)]

    def all_answered_ns() -> int:
        begun_ns = monotonic_ns()
        for client in clients:
            client.sendall(b"PING\r\n" * 20)
        assert {read(client, 20 * 7) for client in clients} == {b"+PONG\r\n" * 20}
        return monotonic_ns() - begun_ns

    assert EXTRA_NS <= best(all_answered_ns, lambda found: found < 3 * EXTRA_NS) < 3 * EXTRA_NS
    for client in clients:
        client.close()


def test_a_large_answer_takes_no_longer_than_a_small_one(proxy: Process) -> None:
    """8 MiB come in more than a hundred pieces, each later by the same."""
    large = b"x" * (8 << 20)
    with dial() as client:
        client.sendall(b"*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$%d\r\n%b\r\n" % (len(large), large))
        assert read(client, 5) == b"+OK\r\n"
        answer_later(proxy, EXTRA_NS)

        def answered_ns() -> int:
            begun_ns = monotonic_ns()
            client.sendall(b"GET large\r\n")
            assert read(client, len(large) + 12) == b"$%d\r\n%b\r\n" % (len(large), large)
            return monotonic_ns() - begun_ns

        assert EXTRA_NS <= best(answered_ns, lambda found: found < 4 * EXTRA_NS) < 4 * EXTRA_NS


def test_answers_keep_their_order_when_they_need_no_longer_wait(proxy: Process) -> None:
    with dial() as client:
        client.sendall(b"PING\r\n")
        assert read(client, 7) == b"+PONG\r\n"
        answer_later(proxy, EXTRA_NS)
        client.sendall(b"ECHO first\r\n")
        assert not select.select([client], [], [], EXTRA_NS / 4 / S)[0], "it is under way"
        answer_later(proxy, 0)
        client.sendall(b"ECHO second\r\n")
        assert read(client, 23) == b"$5\r\nfirst\r\n$6\r\nsecond\r\n"


def test_without_redis_behind_it_connections_break(redis_server: RedisServer, directory: Directory) -> None:
    redis_server.stop()
    for _ in range(2):
        with pytest.raises(DirectoryError):
            directory.connect()


def test_a_proxy_that_stands_by_is_closed_until_it_takes_over(redis_server: RedisServer) -> None:
    process = Process(directory_proxy.stand_by, config_of(redis_server))
    assert process.answer() == StandingBy()
    directory = Directory(PROXY)
    with pytest.raises(DirectoryError):
        directory.connect()
    process.control.send(TakeOver())
    assert process.answer() == Ready()
    directory.connect()
    directory.close()
    process.stop()
