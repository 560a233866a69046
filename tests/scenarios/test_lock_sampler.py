"""Locks of another process, seen from outside: a child that holds one across a read, and one that does not."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic_ns

from hostio.process_use import thread_ids
from hostio.timing import MS, wait_until
from scenarios.run.lock_sampler import LockSampler

ORDINAL = 3

THREADS = """
import ctypes, socket, sys, threading
libc = ctypes.CDLL(None)
lock = ctypes.create_string_buffer(64)  # a pthread_mutex_t of zeros is one that was initialised
free, locked = threading.Event(), threading.Event()
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))

def named(name, target):
    def run():
        libc.prctl(15, name.encode(), 0, 0, 0)
        target()
    threading.Thread(target=run).start()

def hold():
    libc.pthread_mutex_lock(lock)
    if sys.argv[2] == "sound":
        libc.pthread_mutex_unlock(lock)
    locked.set()
    connection.recv(1)
    if sys.argv[2] == "defect":
        libc.pthread_mutex_unlock(lock)

def wait():
    locked.wait()
    libc.pthread_mutex_lock(lock)
    libc.pthread_mutex_unlock(lock)
    free.wait()

named("holds", hold)
named("waits", wait)
sys.stdin.read()
free.set()
"""


@contextmanager
def child(kind: str) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket, int]]:
    """A child, its connection, and the port that this leads to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        argv = [sys.executable, "-c", THREADS, str(port), kind]
        with subprocess.Popen(argv, stdin=subprocess.PIPE) as process:
            with server.accept()[0] as end:
                yield process, end, port
            assert process.stdin
            process.stdin.close()


def begin(sampler: LockSampler, pid: int) -> None:
    """Look at the child's threads, once both have been started."""
    assert wait_until(lambda: len(thread_ids(str(pid))) == 3, 30)
    sampler.watch([(ORDINAL, str(pid))])
    sampler.begin()


def test_the_thread_that_holds_and_the_call_it_waits_in_are_named() -> None:
    with child("defect") as (process, end, port):
        sampler = LockSampler([ORDINAL], {f"127.0.0.1:{port}": "the directory"}, 5 * MS)
        begin(sampler, process.pid)
        assert wait_until(lambda: bool(sampler.found()[ORDINAL].waits), 30)
        (wait,) = sampler.found()[ORDINAL].waits
        assert (wait.waiter, wait.holder, wait.call) == ("waits", "holds", "recvfrom")
        assert wait.target == f"127.0.0.1:{port} (the directory)"
        assert wait.samples >= 2
        assert 5 * MS <= wait.longest_ns <= wait.total_ns
        end.send(b".")
        sampler.end()


def test_a_thread_that_waits_for_no_lock_or_a_holder_that_reads_nothing_is_no_finding() -> None:
    with child("sound") as (process, _, _):
        sampler = LockSampler([ORDINAL], {}, 5 * MS)
        begin(sampler, process.pid)
        assert wait_until(lambda: sampler.found()[ORDINAL].samples >= 50, 30)
        sampler.end()
        found = sampler.found()[ORDINAL]
        assert (found.waits, found.refused) == ((), None)


def test_looks_take_a_small_share_of_a_core() -> None:
    """Without pauses it would be most of a core; the pause follows the cost."""
    with child("sound") as (process, _, _):
        sampler = LockSampler([ORDINAL], {}, period_ns=1)
        from_ns = monotonic_ns()
        begin(sampler, process.pid)
        assert wait_until(lambda: sampler.found()[ORDINAL].samples >= 100, 60)
        assert 0 < sampler.found()[ORDINAL].own_ns < 0.1 * (monotonic_ns() - from_ns)
        sampler.end()
