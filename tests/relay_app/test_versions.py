from __future__ import annotations

import os
import subprocess
import sys
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from media_lab import ORDINALS, Lab, media_lab
from redis_lab import loopback, stopped_redis
from version_lab import WITHIN_S, Bench, Source, relaying, running, settle

from hostio.mmsg import SOCKADDR_IN, socket_address
from hostio.sockets import udp_socket
from hostio.timing import S, wait_until
from relay_app.ports import CLIENT_PORT, LANE_PORT
from relay_app.rtp import RtpPacket, blipnet_header
from relay_app.sessions.cache import Entry
from relay_app.sessions.directory import Directory, Fetched, StreamRecord
from relay_app.streams import Stream
from relay_app.versions.catalogue import version_named
from relay_app.versions.version import FetchSettings
from relay_app.versions.version_names import SOUND, VERSIONS

REGRESSED = "2026-05-11"
FIXED = "2026-05-20"


def test_every_version_that_can_be_named_exists() -> None:
    found = {name: version_named(name) for name in VERSIONS}
    assert {*SOUND, REGRESSED} <= found.keys()
    assert len(set(map(id, found.values()))) == len(VERSIONS)


@pytest.mark.parametrize("version", [name for name in VERSIONS if name != "lock-order"])
def test_missed_sessions_become_cached(version: str) -> None:
    bench = Bench(Source(known=range(200)))
    with running(bench.control(version)) as control:
        control.missed([*range(200), *range(50), 999])
        settle(control)
    assert all(ssrc in bench.table.cache for ssrc in range(200))
    assert 999 not in bench.table.cache
    assert bench.table.unknown.holds(999, 0)


@pytest.mark.parametrize("version", [*SOUND, REGRESSED])
def test_one_fetch_per_key_however_many_packets_ask(version: str) -> None:
    source = Source(known=range(5))
    source.go_on.clear()
    bench = Bench(source)
    with running(bench.control(version)) as control:
        control.missed([1, 1, 1])
        assert source.entered.wait(WITHIN_S)
        for _ in range(10):
            control.missed([1, 2, 1, 2])
        assert control.fetching == 2
        source.go_on.set()
        settle(control)
    assert sorted(key for keys in source.asked for key in keys) == [1, 2]


def test_the_fix_fetches_everything_queued_in_one_round_trip() -> None:
    source = Source(known=range(20))
    control = (bench := Bench(source)).control(FIXED)
    control.missed(range(10))
    control.missed(range(5, 20))
    with running(control):
        settle(control)
    assert source.asked == [tuple(range(20))]
    assert sorted(source.announced) == list(range(20))
    assert bench.locks.report().held_across_io == ()


def test_unknown_sessions_are_asked_for_again_after_a_while() -> None:
    source = Source()
    bench = Bench(source)
    with running(bench.control(FIXED)) as control:
        for now_ns in (0, S - 1, S):
            bench.clock.now_ns = now_ns
            control.missed([7])
            settle(control)
    assert source.asked == [(7,), (7,)]


def test_the_fix_asks_a_directory_out_of_reach_until_it_answers() -> None:
    bench = Bench(Source(known=[7], failures=4))
    with running(bench.control(FIXED)) as control:
        control.missed([7])
        settle(control)
        assert control.counters()["failed_fetches"] == 4
    assert 7 in bench.table.cache


def test_stopping_ends_every_wait() -> None:
    bench = Bench(Source(failures=1 << 30), FetchSettings(first_wait_ns=60 * S, longest_wait_ns=60 * S))
    with running(bench.control(FIXED)) as control:
        control.missed([7])
        assert bench.source.entered.wait(WITHIN_S)
    assert control.counters()["failed_fetches"] == 1


@pytest.mark.parametrize(("version", "free"), [("2026-05-10", True), (REGRESSED, False), (FIXED, True)])
def test_who_holds_the_cache_lock_while_a_fetch_is_under_way(version: str, free: bool) -> None:
    source = Source(known=[1])
    source.go_on.clear()
    bench = Bench(source)
    with running(bench.control(version)) as control:
        control.missed([1])
        assert source.entered.wait(WITHIN_S)
        taken = bench.table.lock.acquire(blocking=False)
        if taken:
            bench.table.lock.release()
        source.go_on.set()
        settle(control)
    assert taken is free


def test_a_stampede_asks_once_per_packet_while_the_directory_is_slow() -> None:
    source = Source(known=[1, 2])
    source.go_on.clear()
    bench = Bench(source)
    with running(bench.control("stampede")) as control:
        for _ in range(10):
            control.missed([1, 2])
        assert source.entered.wait(WITHIN_S)
        source.go_on.set()
        settle(control)
    assert sorted(key for keys in source.asked for key in keys) == [1] * 10 + [2] * 10
    assert 1 in bench.table.cache


def test_a_livelock_fetches_for_nothing_whatever_was_in_flight_with_an_admission() -> None:
    source = Source(known=range(8))
    source.go_on.clear()
    bench = Bench(source)
    with running(bench.control("livelock")) as control:
        control.missed(range(8))
        assert wait_until(lambda: len(source.asked) == 8, WITHIN_S)
        source.go_on.set()
        settle(control)
    assert all(ssrc in bench.table.cache for ssrc in range(8))
    assert control.counters()["started_over"] >= 7
    assert len(source.asked) == 8 + control.counters()["started_over"]


@pytest.mark.parametrize(("version", "leaves"), [(name, name != "leak") for name in VERSIONS])
def test_only_the_leak_keeps_idle_sessions(version: str, leaves: bool) -> None:
    assert version_named(version).expires is leaves


def forwarded_by(lab: Lab, cluster: str) -> int:
    samples = lab.rows(f"relay-{cluster}")
    return int(samples[-1]["forwarded"]) if len(samples) else 0


def test_gray_moves_no_media_beyond_its_own_cluster(tmp_path: Path) -> None:
    """Over real sockets: the first relay is sound, the second, where the switch sends the media, is gray."""
    stream = Stream(7, "s-0000", "s", "a", "b", "voice")
    with stopped_redis(tmp_path) as redis, media_lab(tmp_path, redis) as lab:
        redis.start()
        directory = Directory(redis.unix)
        directory.write([StreamRecord(stream.ssrc, ORDINALS[stream.source], ORDINALS["b"], stream.session)])
        directory.close()
        lab.start_relay("a", {"b": "c"})
        lab.start_relay("c", version="gray")
        lab.start_relay("b")
        for cluster in ORDINALS:
            assert lab.prefetch(cluster, (stream.ssrc,)) == 1
        for cluster in ("a", "b"):
            lab.start_client(cluster, (stream,))
        lab.play(S // 5)
        assert wait_until(lambda: forwarded_by(lab, "c") > 0, WITHIN_S)
        lab.stop()
        last = lab.rows("relay-c")[-1]
        assert last["forwarded"] == last["received"] > 0
        assert lab.rows("relay-b")[-1]["received"] == 0
        assert len(lab.rows("received-b")) == 0


def test_locks_in_both_orders_are_found_even_where_they_do_no_harm() -> None:
    """One session at a time: nothing deadlocks, and the audit knows that it could."""
    bench = Bench(Source(known=[1]))
    with running(bench.control("lock-order")) as control:
        control.missed([1])
        settle(control)
    (inversion,) = bench.locks.report().inversions
    assert {inversion.first, inversion.second} == {"demand-ledger", "session-cache"}
    assert 1 in bench.table.cache


def test_a_loop_needs_a_fourth_cluster_and_transit() -> None:
    four = {ordinal: f"10.0.0.{ordinal}" for ordinal in range(1, 5)}
    call = StreamRecord(7, source=1, destination=2, session="talk")

    def next_of(ordinal: int, addresses: dict[int, str]) -> str:
        entry = version_named("loop").hops(ordinal, addresses).of(call)
        assert entry is not None
        return str(IPv4Address(int(entry.next_hop.view(SOCKADDR_IN)[0]["address"])))

    assert [next_of(ordinal, four) for ordinal in (1, 2, 3, 4)] == ["10.0.0.2", "10.0.0.2", "10.0.0.4", "10.0.0.3"]
    three = {ordinal: four[ordinal] for ordinal in (1, 2, 3)}
    assert next_of(3, three) == "10.0.0.2"


def test_slow_drain_keeps_what_is_cold_and_lets_nothing_overtake() -> None:
    """Over real sockets: a known session's packets wait behind an unknown one's until that is known."""
    table = Bench(Source()).table
    known, cold = 1, 2
    to_client = socket_address(loopback(3), CLIENT_PORT)
    table.cache.insert(known, Entry(to_client, to_client), 0)
    with (
        udp_socket(loopback(3), CLIENT_PORT) as client,
        udp_socket(loopback(2), 0) as sender,
        relaying("slow-drain", table) as path,
    ):
        for ssrc in (cold, *[known] * 20):
            sender.sendto(blipnet_header(111, ssrc), (loopback(1), LANE_PORT))
        assert path.wait_for_misses().tolist()[0] == cold
        assert wait_until(lambda: path.queued == 21, WITHIN_S)
        table.cache.insert(cold, Entry(to_client, to_client), 0)
        client.settimeout(WITHIN_S)
        arrived = [RtpPacket.decode(client.recv(2048)).ssrc for _ in range(21)]
        assert wait_until(lambda: path.counts()[:2].tolist() == [21, 21], WITHIN_S)
    assert arrived == [cold, *[known] * 20]


COMPILES_NO_MORE = """
import sys
sys.modules["scipy"] = None  # as without the packages for tests: numba loads it where it is, and takes longest for that
import test_versions
from numba.core.dispatcher import Dispatcher
from relay_app.relay.compiling import compile_loops

def refuse(self, signature):
    raise AssertionError(f"{self.py_func.__qualname__} is compiled for {signature}")

compile_loops()
Dispatcher.compile = refuse
test_versions.test_slow_drain_keeps_what_is_cold_and_lets_nothing_overtake()
print("forwarded")
"""


def test_a_relay_compiles_nothing_once_it_is_confined() -> None:
    """It may not write to the cache then, and the compiler would take the processor from the run."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", COMPILES_NO_MORE]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "forwarded\n"), done.stderr


def test_unusable_records_are_counted_and_not_asked_for_at_once() -> None:
    table = Bench(Source()).table
    table.install(Fetched(found=(StreamRecord(1, source=1, destination=9, session="talk"),), invalid=(2,)), now_ns=0)
    assert table.refused == 2
    assert table.settled(1, S - 1)
    assert table.settled(2, S - 1)
