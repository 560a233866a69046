"""Permissions of streams: when they are refreshed, on which way, and what a relay does with them."""

from __future__ import annotations

import socket
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from struct import unpack
from time import monotonic_ns

import pytest
from redis_lab import loopback
from version_lab import WITHIN_S, Bench, Source, relaying

from hostio.control import Workers
from hostio.mmsg import socket_address
from hostio.sockets import udp_socket
from hostio.timing import MS, S, wait_until
from relay_app.clients.permission_keeper import PermissionConfig, PermissionKeeper
from relay_app.clients.refresh_schedule import Order, Outcome, RefreshedStream, RefreshSchedule
from relay_app.forwarding.packet_path import PacketPath
from relay_app.ports import CLIENT_PORT, LANE_PORT, REFRESH_PORT
from relay_app.records import RELAY_COUNTERS
from relay_app.refreshes import REFRESH_SSRCS, Permission, Refresh
from relay_app.rtp import RtpPacket, blipnet_header
from relay_app.sessions.cache import Entry, SessionCache
from relay_app.sessions.directory import DirectoryEndpoint, StreamRecord
from relay_app.streams import lane_of

TERMS = Permission(lifetime_ns=2 * S, refresh_ns=S, retransmit_ns=100 * MS)
ALL_DAY = RefreshedStream(7, TERMS, 0, 86_400 * S)


def sent_at(schedule: RefreshSchedule, times_ms: range) -> list[tuple[int, Order]]:
    """What is sent when the schedule is asked at these times."""
    return [(at_ms, order) for at_ms in times_ms for order in schedule.due(at_ms * MS)]


def test_refreshes_are_spread_over_the_interval() -> None:
    """Of 100 streams about 10 in each tenth of it, and of the interval at which requests are sent again."""
    streams = [RefreshedStream(ssrc, TERMS, 0, 10 * S) for ssrc in range(100)]
    firsts = {order.ssrc: at for at, order in reversed(sent_at(RefreshSchedule(streams, 0), range(1000)))}
    assert len(firsts) == 100
    for interval_ms in (1000, 100):
        tenths = Counter(at % interval_ms * 10 // interval_ms for at in firsts.values())
        assert set(tenths.values()) <= set(range(8, 13)), interval_ms


def test_an_answered_refresh_is_followed_by_the_next_one_due() -> None:
    schedule, sent = RefreshSchedule([ALL_DAY], 0), []
    for at_ms in range(0, 3600, 10):
        for order in schedule.due(at_ms * MS):
            sent.append((at_ms, order.number))
            schedule.answered(order.ssrc, order.number, at_ms * MS + 1)
    assert sent == [(500, 1), (1500, 2), (2500, 3), (3500, 4)]
    assert [outcome.requests for outcome in schedule.outcomes] == [1, 1, 1, 1]


def test_a_refresh_without_an_answer_is_one_until_it_is_answered() -> None:
    """A cut of 5 s: from 500 ms on every 100 ms, the same transaction; afterwards on time again."""
    schedule = RefreshSchedule([ALL_DAY], 0)
    assert sent_at(schedule, range(0, 5510, 10)) == [(at, Order(7, 1)) for at in range(500, 5510, 100)]
    schedule.answered(7, 1, 5560 * MS)
    assert schedule.outcomes == [Outcome(7, 51, 500 * MS, 5560 * MS)]
    assert sent_at(schedule, range(5560, 6500, 10)) == []
    assert sent_at(schedule, range(6500, 6510, 10)) == [(6500, Order(7, 2))]


def test_an_answer_counts_once_and_to_its_own_transaction() -> None:
    schedule = RefreshSchedule([ALL_DAY], 0)
    sent_at(schedule, range(500, 501))
    for ssrc, number in ((8, 1), (7, 0), (7, 2)):
        schedule.answered(ssrc, number, 520 * MS)
    assert list(schedule.unanswered()) == [Outcome(7, 1, 500 * MS, 0)]
    for _ in range(2):
        schedule.answered(7, 1, 530 * MS)
    assert len(schedule.outcomes) == 1
    assert not list(schedule.unanswered())


def test_a_call_is_refreshed_from_before_its_first_packet_until_its_end() -> None:
    schedule = RefreshSchedule([RefreshedStream(7, TERMS, 3 * S, 4 * S)], 0)
    sent = [at for at, _ in sent_at(schedule, range(0, 9000, 10))]
    assert (sent[0], sent[-1]) == (2500, 3900)


def test_a_refresh_is_rtp_with_the_stream_in_its_payload() -> None:
    """By the offsets of RFC 3550 §5.1; the payload follows 4 + 16 bytes of header extension."""
    datagram = Refresh(ordinal=3, sequence=65_537, number=9, ssrc=0x12345678).encode(S, 0)
    assert unpack("!BBHII", datagram[:12]) == (0x90, 99, 1, 9, 0xCA01_0003)
    assert datagram[32:] == bytes.fromhex("12345678")
    assert Refresh.decode(datagram) == Refresh(3, 1, 9, 0x12345678)


@pytest.mark.parametrize("datagram", [b"", blipnet_header(111, 7) + bytes(4), blipnet_header(99, REFRESH_SSRCS.start)])
def test_what_is_no_refresh_is_told_apart(datagram: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Refresh.decode(datagram)


def test_permissions_of_sessions_set_up_before_the_media_are_whole_then() -> None:
    hop = socket_address("10.0.0.1", 1)
    cache = SessionCache(8)
    cache.insert(1, Entry(hop, hop, 2 * S), 0)
    cache.insert(2, Entry(hop, hop), 0)
    cache.permit_from(60 * S)
    cache.permit_from(S)
    expires = dict(zip(cache.view.keys.tolist(), cache.view.expires_ns.tolist(), strict=True))
    assert expires[1 + 1] == 62 * S
    assert expires[2 + 1] > 86_400 * 365 * S


@pytest.mark.parametrize("version", ["2026-05-20", "slow-drain"])
def test_a_relay_drops_what_has_expired_until_a_refresh(version: str) -> None:
    """Media do not extend a permission; a refresh does, and goes on to the port for refreshes."""
    table, ssrc = Bench(Source()).table, 7
    hops = [socket_address(loopback(3), port) for port in (CLIENT_PORT, REFRESH_PORT)]
    table.cache.insert(ssrc, Entry(hops[0], hops[1], lifetime_ns=600 * S), monotonic_ns() - 601 * S)
    media, refresh = blipnet_header(111, ssrc), Refresh(2, 1, 1, ssrc).encode(monotonic_ns(), 0)

    def dropped(path: PacketPath) -> int:
        return int(path.counts()[RELAY_COUNTERS.index("dropped_expired")])

    with ExitStack() as stack:
        client, refreshed = (stack.enter_context(udp_socket(loopback(3), port)) for port in (CLIENT_PORT, REFRESH_PORT))
        sender = stack.enter_context(udp_socket(loopback(2), 0))
        path = stack.enter_context(relaying(version, table))
        for _ in range(3):
            sender.sendto(media, (loopback(1), LANE_PORT))
        assert wait_until(lambda: dropped(path) == 3, WITHIN_S)
        for datagram in (refresh, media):
            sender.sendto(datagram, (loopback(1), LANE_PORT))
        for endpoint in (client, refreshed):
            endpoint.settimeout(WITHIN_S)
        assert Refresh.decode(refreshed.recv(2048)) == Refresh(2, 1, 1, ssrc)
        assert RtpPacket.decode(client.recv(2048)).ssrc == ssrc
        assert wait_until(lambda: path.counts()[:2].tolist() == [5, 2], WITHIN_S)


def withhold(ssrc: int, withheld: bool) -> None:
    raise AssertionError(f"nobody asked for the consent of {ssrc}, {withheld}")


def test_a_request_that_is_lost_is_repeated_and_answered_by_the_other_client(tmp_path: Path) -> None:
    """The test is the relay between two clients, and loses the first request; the directory is out of reach."""
    terms = Permission(600 * S, 300 * S, 10 * MS)
    streams = (RefreshedStream(7, terms, 0, 600 * S),)
    addresses, record = {1: loopback(1), 2: loopback(2)}, StreamRecord(7, 1, 2, "talk", lifetime_ms=600_000)
    workers, nowhere = Workers(), DirectoryEndpoint(loopback(1), 9)
    keepers = [
        PermissionKeeper(PermissionConfig(at, addresses, own, (record,), nowhere, 0, tmp_path / f"{at}.npy"), withhold)
        for at, own in ((1, streams), (2, ()))
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay:
        relay.bind((loopback(1), LANE_PORT + lane_of(7)))
        relay.settimeout(WITHIN_S)
        for keeper in keepers:
            keeper.start(workers)
            keeper.begin(monotonic_ns() - 300 * S)
        first, second = relay.recv(2048), relay.recv(2048)
        relay.sendto(second, (loopback(2), REFRESH_PORT))
        assert wait_until(lambda: bool(len(keepers[0].rows()) and keepers[0].rows()["answered_ns"][0]), WITHIN_S)
    for keeper in keepers:
        keeper.halt()
        keeper.stop()
    workers.join()
    assert Refresh.decode(first)[2:] == Refresh.decode(second)[2:] == (1, 7)
    (row,) = keepers[0].rows()
    assert (row["ssrc"], row["requests"] >= 2) == (7, True)
    assert keepers[1].counters["arrived_refreshes"] == 1
    for keeper in keepers:
        keeper.finish()
