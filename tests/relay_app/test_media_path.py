"""Relays, clients and a real Redis on the loopback network: what is sent arrives, and what does not is counted."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from every import every
from media_lab import ANSWER_WITHIN_S, ORDINALS, SEED, Lab, media_lab
from redis_lab import RedisServer, stopped_redis

from hostio.timing import MS, S, wait_until
from relay_app.clients.media_schedule import Schedule
from relay_app.drop_reasons import DropReason
from relay_app.messages import Quiesced, StopSending
from relay_app.ports import CLIENT_PORT, LANE_PORT
from relay_app.records import RELAY_COUNTERS
from relay_app.rtp import PATH_OFFSET, RtpPacket, blipnet_header
from relay_app.sessions.directory import Directory, StreamRecord
from relay_app.streams import SessionGroup, Stream, lane_of, streams_of

STREAMS = streams_of([SessionGroup("talk", "a", "b", 4, "voice"), SessionGroup("show", "a", "b", 1, "video")], 1)
TO_C = Stream(ssrc=77, session="watch", group="watch", source="a", destination="c", media="voice")


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with stopped_redis(tmp_path) as server:
        yield server


@pytest.fixture
def lab(tmp_path: Path, redis: RedisServer) -> Iterator[Lab]:
    with media_lab(tmp_path, redis) as lab:
        yield lab


@pytest.fixture
def endpoint(lab: Lab) -> Iterator[Callable[[str, int], socket.socket]]:
    """Makes UDP sockets on a cluster's host; they wait for what should arrive."""
    opened: list[socket.socket] = []

    def make(cluster: str, port: int) -> socket.socket:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.append(udp)
        udp.bind((lab.address(cluster), port))
        udp.settimeout(ANSWER_WITHIN_S)
        return udp

    yield make
    for udp in opened:
        udp.close()


def signal(redis: RedisServer, *streams: Stream) -> None:
    """Write session records, as signalling does."""
    directory = Directory(redis.unix)
    directory.write(StreamRecord(s.ssrc, ORDINALS[s.source], ORDINALS[s.destination], s.session) for s in streams)
    directory.close()


def datagram(ssrc: int, path: tuple[int, ...] = ()) -> bytes:
    header = bytearray(blipnet_header(111, ssrc))
    header[PATH_OFFSET : PATH_OFFSET + len(path)] = bytes(path)
    return bytes(header) + b"media"


def lane_at(lab: Lab, cluster: str, ssrc: int) -> tuple[str, int]:
    return lab.address(cluster), LANE_PORT + lane_of(ssrc)


def path_of(packet: bytes) -> list[int]:
    return [hop for hop in dict(RtpPacket.decode(packet).extensions)[2] if hop]


def final_counts(lab: Lab, cluster: str) -> dict[str, int]:
    """A stopped relay's counters; received = forwarded + drops in every sample it took."""
    lab.stop_relay(cluster)
    samples = lab.rows(f"relay-{cluster}")
    assert every(samples["received"] == sum(samples[name] for name in RELAY_COUNTERS[1:]))
    return {name: int(samples[name][-1]) for name in RELAY_COUNTERS if samples[name][-1]}


def received_by(lab: Lab, cluster: str) -> int:
    """Packets that a relay had received at its last sample."""
    samples = lab.rows(f"relay-{cluster}")
    return int(samples["received"][-1]) if len(samples) else 0


def keys_of(rows: Any) -> list[tuple[int, int]]:
    return sorted(zip(rows["ssrc"].tolist(), (rows["seq"] & 0xFFFF).tolist(), strict=True))


@pytest.mark.parametrize(("rewritten", "path"), [({}, 1 | 2 << 8), ({"b": "c"}, 1 | 3 << 8 | 2 << 16)])
def test_every_packet_arrives_by_its_path(
    lab: Lab,
    redis: RedisServer,
    endpoint: Callable[[str, int], socket.socket],
    rewritten: dict[str, str],
    path: int,
) -> None:
    redis.start()
    signal(redis, *STREAMS, TO_C)
    lab.start_relay("a", rewritten)
    lab.start_relay("b")
    lab.start_relay("c")
    for cluster in ORDINALS:
        assert lab.prefetch(cluster, tuple(stream.ssrc for stream in (*STREAMS, TO_C))) == len(STREAMS) + 1
    watcher = endpoint("c", CLIENT_PORT)
    lab.start_client("a", (*STREAMS, TO_C))
    lab.start_client("b", STREAMS)
    lab.play(60 * S)
    for _ in range(15):
        assert path_of(watcher.recv(2048)) == [1, 3]
    for client in lab.clients.values():
        client.control.send(StopSending())
        assert client.answer() == Quiesced()
    words = [*(lab.stop_relay(cluster) for cluster in ("a", "c", "b")), *(each.stop() for each in lab.clients.values())]
    assert every(drops == 0 for word in words[:3] for drops in word.socket_drops.values())
    assert not any(drops for word in words[3:] for drops in word.socket_drops.values())

    sent, received = lab.rows("sent-a"), lab.rows("received-b")
    sent = sent[sent["ssrc"] != TO_C.ssrc]
    assert len(sent) > 5 * 14
    assert keys_of(received) == keys_of(sent)
    assert set(received["path"]) == {path}
    assert set(received["sent_ns"]) <= set(sent["sent_ns"])
    assert (received["received_ns"] > received["sent_ns"]).all()
    assert (sent["sent_ns"] >= sent["due_ns"]).all()
    counts = final_counts(lab, "a")
    assert counts["received"] == counts["forwarded"] > len(lab.rows("sent-a"))


def test_unknown_sessions_are_asked_for_once_and_counted(
    lab: Lab, redis: RedisServer, endpoint: Callable[[str, int], socket.socket]
) -> None:
    redis.start()
    lab.start_relay("a")
    sender = endpoint("a", 0)
    assert lab.prefetch("a", (5,)) == 0
    for _ in range(10):
        sender.sendto(datagram(5), lane_at(lab, "a", 5))
    assert final_counts(lab, "a") == {"received": 10, "dropped_unknown": 10}
    lab.relays["a"].stop()
    assert len(lab.rows("fetches-a")) == 1


def test_a_cold_relay_drops_and_fetches_and_then_forwards(
    lab: Lab, redis: RedisServer, endpoint: Callable[[str, int], socket.socket]
) -> None:
    redis.start()
    signal(redis, TO_C)
    for cluster in ("a", "c"):
        lab.start_relay(cluster)
    listener = endpoint("c", CLIENT_PORT)
    lab.start_client("a", (TO_C,))
    lab.play(60 * S)
    assert path_of(listener.recv(2048)) == [1, 3]
    lab.clients["a"].stop()
    counts = final_counts(lab, "a")
    assert counts["dropped_cold"] >= 1
    assert set(counts) == {"received", "forwarded", "dropped_cold"}


def test_the_packet_path_goes_on_while_the_directory_is_away(
    lab: Lab, redis: RedisServer, endpoint: Callable[[str, int], socket.socket]
) -> None:
    redis.start()
    signal(redis, TO_C)
    lab.start_relay("c", unknown_ns=MS)
    assert lab.prefetch("c", (TO_C.ssrc,)) == 1
    redis.stop()
    sender, listener = endpoint("a", 0), endpoint("c", CLIENT_PORT)
    sender.sendto(datagram(5), lane_at(lab, "c", 5))
    sender.sendto(datagram(TO_C.ssrc), lane_at(lab, "c", TO_C.ssrc))
    assert path_of(listener.recv(2048)) == [3]
    late = Stream(5, "late", "late", "a", "c", "voice")
    redis.start()
    signal(redis, late)
    assert wait_until(lambda: lab.prefetch("c", (late.ssrc,)) == 1, ANSWER_WITHIN_S)
    sender.sendto(datagram(late.ssrc), lane_at(lab, "c", late.ssrc))
    assert RtpPacket.decode(listener.recv(2048)).ssrc == late.ssrc
    assert final_counts(lab, "c") == {"received": 3, "forwarded": 2, "dropped_cold": 1}


def test_packets_with_a_taken_ssrc_come_to_the_listener_of_the_stream_that_had_it(lab: Lab, redis: RedisServer) -> None:
    """Under the SSRC of STREAMS[0], which goes from a to b; the send times tell whose packets they are."""
    holder, taker = STREAMS[0], replace(TO_C, taken=STREAMS[0].ssrc)
    redis.start()
    signal(redis, holder)
    for cluster in ORDINALS:
        lab.start_relay(cluster)
        assert lab.prefetch(cluster, (holder.ssrc,)) == 1
        lab.start_client(cluster, (holder, taker))
    lab.play(300 * MS)
    assert wait_until(lambda: received_by(lab, "b") == 30, ANSWER_WITHIN_S)
    words = [each.stop() for each in (*lab.relays.values(), *lab.clients.values())]
    assert not any(drops for word in words for drops in word.socket_drops.values())
    sent, received = lab.rows("sent-a"), lab.rows("received-b")
    assert sorted(sent["ssrc"].tolist()) == sorted([holder.ssrc] * 15 + [taker.ssrc] * 15)
    assert set(received["ssrc"]) == {holder.ssrc}
    packets = sorted(zip((sent["seq"] & 0xFFFF).tolist(), sent["sent_ns"].tolist(), strict=True))
    assert sorted(zip(received["seq"].tolist(), received["sent_ns"].tolist(), strict=True)) == packets
    assert len(lab.rows("received-c")) == len(lab.rows("received-a")) == 0


def test_a_loop_is_cut_where_it_closes(
    lab: Lab, redis: RedisServer, endpoint: Callable[[str, int], socket.socket]
) -> None:
    redis.start()
    signal(redis, TO_C)
    lab.start_relay("a", rewritten={"c": "b"})
    lab.prefetch("a", (TO_C.ssrc,))
    relay_b = endpoint("b", LANE_PORT + lane_of(TO_C.ssrc))
    relay_b.sendto(datagram(TO_C.ssrc), lane_at(lab, "a", TO_C.ssrc))
    assert path_of(relay_b.recv(2048)) == [1]
    relay_b.sendto(datagram(TO_C.ssrc, path=(1, 2)), lane_at(lab, "a", TO_C.ssrc))
    assert final_counts(lab, "a") == {"received": 2, "forwarded": 1, "dropped_loop": 1}


NOT_FORWARDED = (
    (b"", DropReason.MALFORMED),
    (b"\x80", DropReason.MALFORMED),
    (datagram(TO_C.ssrc)[:11], DropReason.MALFORMED),
    (b"\x50" + datagram(TO_C.ssrc)[1:], DropReason.MALFORMED),
    (datagram(TO_C.ssrc) + bytes(3000), DropReason.MALFORMED),
    (datagram(TO_C.ssrc, path=(1, 3)), DropReason.LOOP),
    (datagram(TO_C.ssrc, path=(3, 4, 5, 6)), DropReason.LOOP),
    (datagram(TO_C.ssrc, path=(4, 5, 6, 7)), DropReason.TOO_MANY_HOPS),
)


def test_packets_that_no_relay_forwards(
    lab: Lab, redis: RedisServer, endpoint: Callable[[str, int], socket.socket]
) -> None:
    """One at a time, so that each is seen to be dropped for its own reason."""
    redis.start()
    signal(redis, TO_C)
    lab.start_relay("c")
    lab.prefetch("c", (TO_C.ssrc,))
    sender, reasons = endpoint("a", 0), Counter[str]()
    for number, (packet, reason) in enumerate(NOT_FORWARDED, 1):
        sender.sendto(packet, lane_at(lab, "c", TO_C.ssrc))
        assert wait_until(lambda count=number: received_by(lab, "c") == count, ANSWER_WITHIN_S)  # type: ignore[misc]
        reasons[f"dropped_{reason.name.lower()}"] += 1
        last = lab.rows("relay-c")[-1]
        assert {name: int(last[name]) for name in RELAY_COUNTERS if last[name]} == {"received": number, **reasons}
    assert final_counts(lab, "c") == {"received": len(NOT_FORWARDED), **reasons}


def test_rtp_of_another_layout_passes_as_it_is(
    lab: Lab, redis: RedisServer, endpoint: Callable[[str, int], socket.socket]
) -> None:
    """A bare header, another extension, and our layout cut short within its path log: no byte is written."""
    extended = RtpPacket(96, 7, 1, TO_C.ssrc, extensions=((5, b"else"),), payload=b"picture").encode()
    packets = [RtpPacket(111, 1, 1, TO_C.ssrc).encode(), extended, datagram(TO_C.ssrc)[:31]]
    redis.start()
    signal(redis, TO_C)
    listener = endpoint("c", CLIENT_PORT)
    lab.start_relay("c")
    lab.prefetch("c", (TO_C.ssrc,))
    sender = endpoint("a", 0)
    for packet in packets:
        sender.sendto(packet, lane_at(lab, "c", TO_C.ssrc))
    assert [listener.recv(2048) for _ in packets] == packets
    assert final_counts(lab, "c") == {"received": 3, "forwarded": 3}


def test_a_packet_that_the_kernel_refuses(
    lab: Lab, redis: RedisServer, endpoint: Callable[[str, int], socket.socket]
) -> None:
    """A next hop outside of the loopback network cannot be reached from a loopback address."""
    lab_address = lab.address
    redis.start()
    signal(redis, TO_C)
    lab.address = lambda cluster: "192.0.2.1" if cluster == "b" else lab_address(cluster)  # type: ignore[method-assign]
    lab.start_relay("a", rewritten={"c": "b"})
    lab.prefetch("a", (TO_C.ssrc,))
    endpoint("a", 0).sendto(datagram(TO_C.ssrc), lane_at(lab, "a", TO_C.ssrc))
    assert final_counts(lab, "a") == {"received": 1, "dropped_send_failed": 1}


def test_a_client_records_only_media(lab: Lab, endpoint: Callable[[str, int], socket.socket]) -> None:
    lab.start_client("a", ())
    sender = endpoint("b", 0)
    for packet in (b"", b"\xff" * 40, datagram(9, path=(1, 2))):
        sender.sendto(packet, (lab.address("a"), CLIENT_PORT))
    assert lab.clients["a"].stop().counters["malformed"] == 2
    received = lab.rows("received-a")
    assert received["ssrc"].tolist() == [9]
    assert received["path"].tolist() == [1 | 2 << 8]
    assert len(lab.rows("sent-a")) == 0


def test_a_client_plays_its_schedule(lab: Lab, endpoint: Callable[[str, int], socket.socket]) -> None:
    """Media whose time has passed is sent at once: more chunks than the ring holds, without waiting for them."""
    listener = endpoint("a", LANE_PORT + lane_of(TO_C.ssrc))
    lab.start_client("a", (TO_C,))
    start_ns, end_ns = lab.play(4 * S, lead_ns=-4 * S)
    expected = Schedule((TO_C,), SEED, start_ns).window(start_ns, end_ns)
    seen = [RtpPacket.decode(listener.recv(2048)) for _ in expected]
    assert [packet.sequence for packet in seen] == (expected["seq"] & 0xFFFF).tolist()
    assert [packet.timestamp for packet in seen] == expected["timestamp"].tolist()
    assert [packet.marker for packet in seen] == expected["marker"].tolist()
    assert {(packet.payload_type, packet.ssrc, len(packet.payload)) for packet in seen} == {(111, TO_C.ssrc, 80)}
    assert lab.clients["a"].stop().counters["refused"] == 0
    sent = lab.rows("sent-a")
    assert sent["seq"].tolist() == expected["seq"].tolist()
    assert sent["due_ns"].tolist() == expected["due_ns"].tolist()
    assert set(sent["ssrc"]) == {TO_C.ssrc}


def test_a_client_stops_before_its_media_begins(lab: Lab) -> None:
    lab.start_client("a", STREAMS)
    lab.play(60 * S, lead_ns=60 * S)
    lab.clients["a"].stop()
    assert len(lab.rows("sent-a")) == 0
