"""What a relay compiles before it serves."""

from __future__ import annotations

import numpy as np

from hostio.compiled import precompile
from hostio.histogram_compiled import count_duration
from relay_app.forwarding.fate_log import FateLog
from relay_app.forwarding.forwarding_loop import ForwardingMemory, PathRules, forward
from relay_app.locks.mutex_compiled import MUTEX_WORDS, LockPlace, lock_mutex, try_mutex, unlock_mutex
from relay_app.sessions.cache import SessionCache, UnknownSessions
from relay_app.sessions.cache_compiled import expire_idle, find, home_slot, is_unknown, place_for
from relay_app.versions import slow_drain


def compile_loops() -> None:
    """Compile the packet path, and what the control side calls of compiled code, or load it from the cache."""
    cache, unknown = SessionCache(8), UnknownSessions()
    place = LockPlace.at(np.zeros(MUTEX_WORDS, np.int64))
    memory = ForwardingMemory.allocate(0, cache.view, unknown.view, FateLog.create())
    precompile(forward, memory, place, PathRules(False, 0, 0), 0, 0, 0)
    precompile(find, cache.view.keys, 0)
    precompile(place_for, cache.view.keys, cache.view.used_ns, 0, 0)
    precompile(expire_idle, cache.view.keys, cache.view.used_ns, 0, 0, 0)
    precompile(home_slot, 0, 0)
    precompile(is_unknown, unknown.view.keys, unknown.view.until_ns, 0, 0)
    for change in (lock_mutex, try_mutex, unlock_mutex):
        precompile(change, place.mutex)
    precompile(count_duration, place.wait, 0)
    slow_drain.compile_loops()
