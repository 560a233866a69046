from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis_lab import RedisServer, loopback, stopped_redis

from hostio.timing import wait_until
from relay_app.sessions.directory import (
    Directory,
    DirectoryEndpoint,
    DirectoryError,
    Fetched,
    RecordError,
    StreamRecord,
)

RECORDS = tuple(StreamRecord(ssrc, 1, ssrc % 6 + 1, f"talk-{ssrc:04d}") for ssrc in range(1, 1500))


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    with stopped_redis(tmp_path) as server:
        server.start()
        yield server


@pytest.fixture
def directory(redis_server: RedisServer) -> Iterator[Directory]:
    directory = Directory(redis_server.tcp)
    yield directory
    directory.close()


def redis_cli(server: RedisServer, *arguments: str, stdin: bytes = b"") -> bytes:
    command = ["redis-cli", "-s", str(server.unix.path), *arguments]
    return subprocess.run(command, input=stdin, check=True, capture_output=True).stdout


def test_what_is_written_is_fetched(directory: Directory) -> None:
    directory.write(RECORDS)
    assert directory.fetch([record.ssrc for record in RECORDS]) == Fetched(found=RECORDS)


def test_unknown_streams_are_told_apart(directory: Directory) -> None:
    directory.write(RECORDS[:3])
    assert directory.fetch([3, 77, 1, 78]) == Fetched(found=(RECORDS[2], RECORDS[0]), unknown=(77, 78))


@pytest.mark.parametrize("lifetime_ms", [0, 1, 86_400_000])
def test_a_lifetime_is_read_as_it_was_written(lifetime_ms: int) -> None:
    record = StreamRecord(7, 1, 2, "talk", lifetime_ms=lifetime_ms)
    assert StreamRecord.decode(7, record.encode()) == record


def test_a_record_with_a_lifetime_that_is_cut_off_is_invalid() -> None:
    """12 bytes of header and name: the header has 9, the lifetime would have 4."""
    with pytest.raises(RecordError, match=r"3 bytes of lifetime and name"):
        StreamRecord.decode(7, StreamRecord(7, 1, 2, "talk", lifetime_ms=9).encode()[:12])


def test_a_record_expires_until_it_is_refreshed(redis_server: RedisServer, directory: Directory) -> None:
    lasting, short = (replace(RECORDS[0], lifetime_ms=lifetime_ms) for lifetime_ms in (600_000, 1))
    directory.write([lasting])
    assert redis_cli(redis_server, "pttl", "stream:00000001") == b"-1\n", "none until it is refreshed"
    directory.refresh([short])
    assert wait_until(lambda: directory.fetch([1]) == Fetched(unknown=(1,)), 30)
    directory.refresh([lasting])
    assert 0 < int(redis_cli(redis_server, "pttl", "stream:00000001")) <= 600_000
    assert directory.fetch([1]) == Fetched(found=(lasting,))


def test_writing_through_a_unix_socket(redis_server: RedisServer, directory: Directory) -> None:
    signalling = Directory(redis_server.unix)
    signalling.write(RECORDS[:1])
    signalling.close()
    assert directory.fetch([1]) == Fetched(found=RECORDS[:1])


def test_a_damaged_record_spoils_nothing_else(redis_server: RedisServer, directory: Directory) -> None:
    directory.write(RECORDS[:2])
    redis_cli(redis_server, "-x", "set", "stream:00000005", stdin=b"\xff\xfe damaged")
    assert directory.fetch([1, 5, 2]) == Fetched(found=RECORDS[:2], invalid=(5,))


def test_a_key_of_another_type_is_no_record(redis_server: RedisServer, directory: Directory) -> None:
    redis_cli(redis_server, "lpush", "stream:00000005", "x")
    assert directory.fetch([5]) == Fetched(unknown=(5,))


def test_nothing_costs_nothing(directory: Directory) -> None:
    directory.write([])
    assert directory.fetch([]) == Fetched()


def test_a_server_that_went_away_and_came_back(redis_server: RedisServer, directory: Directory) -> None:
    directory.write(RECORDS[:1])
    redis_server.stop()
    with pytest.raises(DirectoryError):
        directory.fetch([1])
    redis_server.start()
    assert directory.fetch([1]) == Fetched(unknown=(1,))


def test_nobody_listens() -> None:
    with pytest.raises(DirectoryError):
        Directory(DirectoryEndpoint(loopback(253))).fetch([1])


def test_a_silent_server_is_given_up() -> None:
    with socket.create_server((loopback(252), 6379)):
        silent = Directory(DirectoryEndpoint(loopback(252), response_timeout_s=0.05))
        with pytest.raises(DirectoryError):
            silent.fetch([1])
        silent.close()


def test_record_is_compact() -> None:
    record = StreamRecord(0xDEADBEEF, 2, 3, "talk-0001", port=0x21A3)
    assert record.encode() == bytes.fromhex("02 deadbeef 02 03 21a3") + b"talk-0001"
    assert StreamRecord.decode(0xDEADBEEF, record.encode()) == record


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "0 bytes"),
        (bytes.fromhex("02 00000007 01 03 0000"), "9 bytes"),
        (bytes.fromhex("02 00000007 01 03 0000") + b"x" * 201, "210 bytes"),
        (bytes.fromhex("01 00000007 01 03 0000") + b"x", "format version 1"),
        (bytes.fromhex("02 00000008 01 03 0000") + b"x", "SSRC 00000008 under the key of 00000007"),
        (bytes.fromhex("02 00000007 00 03 0000") + b"x", "source 0"),
        (bytes.fromhex("02 00000007 01 00 0000") + b"x", "destination 0"),
        (bytes.fromhex("02 00000007 01 ff 0000") + b"x", "destination 255"),
        (bytes.fromhex("02 00000007 01 03 0000 ff"), "session name"),
    ],
)
def test_hostile_records(data: bytes, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        StreamRecord.decode(7, data)
