"""Compiles the compiled loops, for the types they are called with: once per installation, and before a process serves.

A process forked from one that has called this finds them compiled.
"""

from __future__ import annotations

import numpy as np

from hostio.compiled import precompile
from hostio.lateness import count_late, empty_lateness
from relay_app.clients.client_loops import ReceiverMemory, collect, play
from relay_app.clients.sender import sender_memory
from relay_app.forwarding.fate_log import FateLog
from relay_app.forwarding.forwarding_loop import ForwardingMemory, PathRules, forward
from relay_app.locks.mutex_compiled import MUTEX_WORDS, LockPlace, lock_mutex, note_duration, try_mutex, unlock_mutex
from relay_app.records import RECEIVED
from relay_app.sessions.cache import SessionCache, UnknownSessions
from relay_app.sessions.cache_compiled import expire_idle, find, home_slot, is_unknown, place_for


def compile_loops() -> None:
    """Compile, or load from the cache, every loop of this room."""
    compile_client_loops()
    compile_relay_loops()
    compile_prober_loops()


def compile_client_loops() -> None:
    """The media client's loops."""
    precompile(play, sender_memory((), "127.0.0.1", {}, 0), 0, 0, 0, 0, 0)
    precompile(collect, ReceiverMemory.allocate(0), np.zeros(0, RECEIVED), 0, 0)


def compile_relay_loops() -> None:
    """The relay's loop, and the control side's look-ups and locks."""
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
    precompile(note_duration, place.wait, 0)


def compile_prober_loops() -> None:
    """What the prober calls of the compiled."""
    precompile(count_late, empty_lateness(), 0, 0)
