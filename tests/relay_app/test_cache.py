from __future__ import annotations

import random

import numpy as np
import pytest

from hostio.mmsg import SOCKADDR_IN, socket_address
from relay_app.cache import CacheFullError, SessionCache, UnknownSessions
from relay_app.cache_loops import find, home_slot


def looked_up(cache: SessionCache, ssrc: int) -> tuple[str, int] | None:
    slot = find(cache.view.keys, ssrc)
    if slot < 0:
        return None
    entry = cache.view.next_hops[slot].view(SOCKADDR_IN)[0]
    return ".".join(str(byte) for byte in int(entry["address"]).to_bytes(4, "big")), int(entry["port"])


def test_behaves_as_a_dict() -> None:
    generator = random.Random(3)
    cache, model = SessionCache(1024), dict[int, tuple[str, int]]()
    for _ in range(2000):
        ssrc = generator.choice([generator.getrandbits(32), *model][:50])
        value = f"10.0.0.{generator.randrange(1, 255)}", generator.randrange(1, 65536)
        if ssrc in model or len(model) < 800:
            cache.insert(ssrc, socket_address(*value), 0)
            model[ssrc] = value
    assert len(cache) == len(model)
    assert {ssrc: looked_up(cache, ssrc) for ssrc in model} == model
    assert not any(ssrc in cache for ssrc in generator.sample(range(1 << 32), 1000) if ssrc not in model)


@pytest.mark.parametrize("ssrc", [0, 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_any_ssrc_is_a_key(ssrc: int) -> None:
    cache = SessionCache(8)
    assert ssrc not in cache
    cache.insert(ssrc, socket_address("10.0.0.1", 40000), 0)
    assert ssrc in cache
    assert looked_up(cache, ssrc) == ("10.0.0.1", 40000)


def test_colliding_keys_wrap_around_the_end() -> None:
    last = [ssrc for ssrc in range(10_000) if home_slot(ssrc, 8) == 7][:4]
    cache = SessionCache(8)
    for port, ssrc in enumerate(last, start=1):
        cache.insert(ssrc, socket_address("10.0.0.1", port), 0)
    assert [looked_up(cache, ssrc) for ssrc in last] == [("10.0.0.1", port) for port in (1, 2, 3, 4)]
    assert np.flatnonzero(cache.view.keys).tolist() == [0, 1, 2, 7]


def test_a_full_cache_refuses_new_keys_and_still_finds_and_replaces_old_ones() -> None:
    cache = SessionCache(16)
    for ssrc in range(14):
        cache.insert(ssrc, socket_address("10.0.0.1", 1), 0)
    with pytest.raises(CacheFullError):
        cache.insert(99, socket_address("10.0.0.1", 1), 0)
    cache.insert(5, socket_address("10.0.0.2", 2), 0)
    assert looked_up(cache, 5) == ("10.0.0.2", 2)
    assert 99 not in cache
    assert len(cache) == 14


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
