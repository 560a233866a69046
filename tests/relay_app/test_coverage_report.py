"""What a relay tells of its cache: the datagrams, what is counted, and a real relay that sends them."""

from __future__ import annotations

import socket
import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from media_lab import ANSWER_WITHIN_S, ORDINALS, media_lab
from redis_lab import stopped_redis

from hostio.timing import S
from relay_app.coverage_report import MOST_PAIRS, CoverageReport
from relay_app.load_order import LoadOrder, OrderSender, order_socket
from relay_app.locks.lock_set import LockSet
from relay_app.probing.canaries import canary_records
from relay_app.probing.probe_report import ProbeReport
from relay_app.sessions.directory import Directory, Fetched, StreamRecord
from relay_app.sessions.session_table import NextHops, SessionTable
from relay_app.streams import SessionGroup, streams_of
from relay_app.telemetry_sender import TelemetrySender


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as telemetry:
        telemetry.bind(str(tmp_path / "telemetry"))
        telemetry.settimeout(ANSWER_WITHIN_S)
        yield telemetry


@pytest.mark.parametrize("pairs", [0, 1, MOST_PAIRS, 2 * MOST_PAIRS + 1])
def test_a_report_is_read_back_from_its_datagrams(pairs: int) -> None:
    records = {(1 + number % 60, 61 + number // 60): number + 1 for number in range(pairs)}
    datagrams = [*CoverageReport(3, 17 * S, records).encode()]
    assert len(datagrams) == max(1, -(-pairs // MOST_PAIRS))
    assert max(map(len, datagrams)) <= 4096, "what the controller reads at a time"
    parts = [CoverageReport.decode(each) for each in datagrams]
    assert {part[:2] for part in parts} == {(3, 17 * S)}
    assert {pair: count for part in parts for pair, count in part.records.items()} == records


def test_it_is_told_from_a_probe_report() -> None:
    assert all(map(CoverageReport.is_in, CoverageReport(1, 0, {}).encode()))
    assert not CoverageReport.is_in(ProbeReport(1, 2, 3, 4, 5).encode())


@pytest.mark.parametrize("datagram", [b"", b"\0", ProbeReport(1, 2, 3, 4, 5).encode(), b"\0" * 11])
def test_what_is_no_report_is_an_error(datagram: bytes) -> None:
    with pytest.raises(struct.error):
        CoverageReport.decode(datagram)


def test_a_report_that_nobody_hears_is_counted(tmp_path: Path) -> None:
    sender = TelemetrySender(str(tmp_path / "nobody"))
    sender.report(CoverageReport(1, 0, {}))
    sender.close()
    assert sender.unheard == 1


def table() -> SessionTable:
    hops = NextHops(3, {ordinal: f"127.0.0.{ordinal}" for ordinal in (1, 2, 3)})
    return SessionTable(hops, LockSet(audited=False).create("session-cache"), 64, S)


def test_the_records_in_the_cache_are_counted_by_pair_either_way_and_canaries_are_not() -> None:
    sessions = table()
    found = [StreamRecord(100 + number, 1, 2, "one") for number in range(5)]
    found += [StreamRecord(200 + number, 2, 1, "back") for number in range(4)]
    found += [StreamRecord(300, 3, 1, "own"), *canary_records([(1, 3), (2, 3)])]
    assert sessions.records_by_pair() == Counter()
    sessions.install(Fetched(tuple(found), unknown=(7,)), 0)
    assert sessions.records_by_pair() == {(1, 2): 9, (1, 3): 1}
    assert len(sessions.cache) == 12


def test_a_record_that_left_the_cache_is_not_counted() -> None:
    sessions = table()
    sessions.install(Fetched((StreamRecord(1, 1, 2, "old"),)), 0)
    sessions.install(Fetched((StreamRecord(2, 1, 2, "new"),)), 9 * S)
    sessions.expire(5 * S, 10 * S)
    assert sessions.records_by_pair() == {(1, 2): 1}


def test_a_relay_tells_what_it_has_fetched_and_what_it_was_told_to_load(tmp_path: Path, heard: socket.socket) -> None:
    streams = streams_of([SessionGroup("talk", "a", "b", 6, "voice")], 1)
    with stopped_redis(tmp_path) as redis, media_lab(tmp_path, redis) as lab:
        redis.start()
        directory = Directory(redis.unix)
        directory.write(StreamRecord(s.ssrc, ORDINALS[s.source], ORDINALS[s.destination], s.session) for s in streams)
        directory.close()
        lab.start_relay("c", report_path=heard.getsockname(), order_path=str(order_socket(tmp_path, ORDINALS["c"])))
        first = CoverageReport.decode(heard.recv(4096))
        assert (first.relay, first.records) == (ORDINALS["c"], {})
        assert lab.prefetch("c", tuple(stream.ssrc for stream in streams[:9])) == 9
        reports = (CoverageReport.decode(heard.recv(4096)) for _ in range(30))
        pair = (ORDINALS["a"], ORDINALS["b"])
        assert next(each.records for each in reports if each.records) == {pair: 9}
        sender = OrderSender(tmp_path)
        sender.send(LoadOrder(ORDINALS["c"], pair, tuple(range(16))))
        sender.close()
        assert sender.unheard == 0
        assert next(each.records for each in reports if each.records != {pair: 9}) == {pair: 12}
