from __future__ import annotations

import random

import numpy as np
import pytest

from hostio.mmsg import SOCKADDR_IN, socket_address
from hostio.timing import S
from relay_app.sessions.cache import GRACE_NS, CacheFullError, Entry, SessionCache, UnknownSessions
from relay_app.sessions.cache_compiled import find, home_slot


def entry(host: str, port: int) -> Entry:
    return Entry(socket_address(host, port), socket_address(host, port))


def looked_up(cache: SessionCache, ssrc: int) -> tuple[str, int] | None:
    slot = find(cache.view.keys, ssrc)
    if slot < 0:
        return None
    hop = cache.view.next_hops[slot].view(SOCKADDR_IN)[0]
    return ".".join(str(byte) for byte in int(hop["address"]).to_bytes(4, "big")), int(hop["port"])


def test_behaves_as_a_dict() -> None:
    generator = random.Random(3)
    cache, model = SessionCache(1024), dict[int, tuple[str, int]]()
    for _ in range(2000):
        ssrc = generator.choice([generator.getrandbits(32), *model][:50])
        value = f"10.0.0.{generator.randrange(1, 255)}", generator.randrange(1, 65536)
        if ssrc in model or len(model) < 800:
            cache.insert(ssrc, entry(*value), 0)
            model[ssrc] = value
    assert len(cache) == len(model)
    assert {ssrc: looked_up(cache, ssrc) for ssrc in model} == model
    absent = set(generator.sample(range(1 << 32), 1000)) - model.keys()
    assert len(absent) > 900
    assert not any(ssrc in cache for ssrc in absent)


@pytest.mark.parametrize("ssrc", [0, 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_any_ssrc_is_a_key(ssrc: int) -> None:
    cache = SessionCache(8)
    assert ssrc not in cache
    cache.insert(ssrc, entry("10.0.0.1", 40000), 0)
    assert ssrc in cache
    assert looked_up(cache, ssrc) == ("10.0.0.1", 40000)


def test_colliding_keys_wrap_around_the_end() -> None:
    last = [ssrc for ssrc in range(10_000) if home_slot(ssrc, 8) == 7][:4]
    cache = SessionCache(8)
    for port, ssrc in enumerate(last, start=1):
        cache.insert(ssrc, entry("10.0.0.1", port), 0)
    assert [looked_up(cache, ssrc) for ssrc in last] == [("10.0.0.1", port) for port in (1, 2, 3, 4)]
    assert np.flatnonzero(cache.view.keys).tolist() == [0, 1, 2, 7]


def test_a_full_cache_refuses_new_keys_and_still_finds_and_replaces_old_ones() -> None:
    cache = SessionCache(16)
    for ssrc in range(14):
        cache.insert(ssrc, entry("10.0.0.1", 1), 0)
    with pytest.raises(CacheFullError):
        cache.insert(99, entry("10.0.0.1", 1), 0)
    cache.insert(5, entry("10.0.0.2", 2), 0)
    assert looked_up(cache, 5) == ("10.0.0.2", 2)
    assert 99 not in cache
    assert len(cache) == 14


def test_idle_sessions_leave_and_the_others_stay() -> None:
    generator = random.Random(4)
    cache, used = SessionCache(256), dict[int, int]()
    for now_s in range(2000):
        ssrc = generator.getrandbits(32) if len(used) < 100 else generator.choice([*used])
        cache.insert(ssrc, entry("10.0.0.1", 1 + ssrc % 65535), now_s * S)
        cache.view.used_ns[find(cache.view.keys, ssrc)] = now_s * S
        used[ssrc] = now_s
        if now_s % 10 == 0:
            idle = [ssrc for ssrc, at_s in used.items() if at_s < now_s - 60]
            assert cache.expire((now_s - 60) * S, now_s * S) == len(idle)
            for ssrc in idle:
                del used[ssrc]
                assert ssrc not in cache
        assert len(cache) == len(used)
    assert {ssrc: looked_up(cache, ssrc) for ssrc in used} == {s: ("10.0.0.1", 1 + s % 65535) for s in used}


def test_the_place_of_a_session_that_left_is_not_used_again_at_once() -> None:
    one, other = [ssrc for ssrc in range(100) if home_slot(ssrc, 8) == 3][:2]
    cache = SessionCache(8)
    cache.insert(one, entry("10.0.0.1", 1), 0)
    slot = find(cache.view.keys, one)
    cache.expire(1, now_ns=S)
    cache.insert(other, entry("10.0.0.2", 2), S + GRACE_NS - 1)
    assert find(cache.view.keys, other) != slot
    cache.insert(one, entry("10.0.0.1", 1), S + GRACE_NS)
    assert find(cache.view.keys, one) == slot


@pytest.mark.parametrize("capacity", [0, 4, 1000])
def test_capacity_must_be_a_power_of_two(capacity: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        SessionCache(capacity)


def test_unknown_sessions_are_remembered_until_their_time() -> None:
    unknown = UnknownSessions()
    unknown.remember(0, until_ns=100)
    assert unknown.holds(0, now_ns=99)
    assert not unknown.holds(0, now_ns=100)
    assert not unknown.holds(1, now_ns=0)


def test_unknown_sessions_take_bounded_memory() -> None:
    unknown = UnknownSessions()
    for ssrc in range(20_000):
        unknown.remember(ssrc, until_ns=100)
    assert unknown.holds(19_999, now_ns=0)
    assert sum(unknown.holds(ssrc, now_ns=0) for ssrc in range(20_000)) <= len(unknown.view.keys)
