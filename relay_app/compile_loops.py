"""Compiles the compiled loops, for the types they are called with: once per installation, and before a process serves.

A process forked from one that has called this finds them compiled.
"""

from __future__ import annotations

import numpy as np

from hostio.compiled import precompile
from relay_app.cache import SessionCache, UnknownSessions
from relay_app.cache_loops import find, home_slot, is_unknown
from relay_app.client_loops import ReceiverMemory, collect, play
from relay_app.forwarding_loop import ForwardingMemory, forward
from relay_app.records import RECEIVED
from relay_app.sender import sender_memory


def compile_loops() -> None:
    """Compile, or load from the cache, every loop of this room."""
    compile_client_loops()
    compile_relay_loops()


def compile_client_loops() -> None:
    """The media client's loops."""
    precompile(play, sender_memory((), "127.0.0.1", 0), 0, 0, 0, 0, 0)
    precompile(collect, ReceiverMemory.allocate(0), np.zeros(0, RECEIVED), 0, 0)


def compile_relay_loops() -> None:
    """The relay's loop, and its look-ups from the control side."""
    cache, unknown = SessionCache(8), UnknownSessions()
    precompile(forward, ForwardingMemory.allocate((), cache.view, unknown.view), 0, 0, 0)
    precompile(find, cache.view.keys, 0)
    precompile(home_slot, 0, 0)
    precompile(is_unknown, unknown.view.keys, unknown.view.until_ns, 0, 0)
