"""Waits for a core against lines of the kernel's files, and against a thread that was made to wait."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from time import monotonic_ns

import pytest

from hostio.run_delay import network_of, process_name, run_delay_told, sched_stat, set_process_name, thread_delays
from hostio.timing import MS, wait_until


def test_fields_of_the_kernels_line() -> None:
    assert sched_stat("835114 3412042 6\n") == (835_114, 3_412_042, 6)


def test_name_and_network_of_a_process_and_of_none() -> None:
    me = str(os.getpid())
    assert process_name(me) == Path("/proc/self/comm").read_text().strip()
    assert network_of(me) == Path("/proc/self/ns/net").stat().st_ino
    gone = str(2**22 - 1)
    assert (process_name(gone), network_of(gone), list(thread_delays(gone))) == ("", 0, [])


def stand_still_as(name: str) -> None:
    set_process_name(name)
    os.kill(os.getpid(), signal.SIGSTOP)


def test_a_process_is_found_by_the_name_that_it_gives_itself() -> None:
    process = get_context("spawn").Process(target=stand_still_as, args=("peer-of-a-test",))
    process.start()
    try:
        assert wait_until(lambda: process_name(str(process.pid)) == "peer-of-a-test", 30)
    finally:
        process.kill()
        process.join()


def test_every_thread_of_a_process_by_its_number() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        found = {each.thread: each for each in thread_delays(str(os.getpid()))}
    finally:
        done.set()
        thread.join()
    if run_delay_told():
        assert {os.getpid(), thread.native_id} <= set(found)
        assert thread.native_id is not None
        assert found[thread.native_id].ordinary


@pytest.fixture
def spinner() -> Iterator[int]:
    """A process on one core, beside which another one there has to wait; ends by itself after 20 s."""
    core = min(os.sched_getaffinity(0))
    process = get_context("spawn").Process(target=_spin, args=(core, 20_000 * MS))
    process.start()
    try:
        yield core
    finally:
        process.kill()
        process.join()


def _spin(core: int, for_ns: int) -> None:
    os.sched_setaffinity(0, {core})
    end_ns = monotonic_ns() + for_ns
    while monotonic_ns() < end_ns:
        pass


@pytest.mark.skipif(not run_delay_told(), reason="this kernel does not count run delays")
def test_a_thread_that_shares_a_core_waits(spinner: int) -> None:
    waited: list[int] = []
    thread = threading.Thread(target=lambda: waited.append(_waited_while_spinning(spinner)))
    thread.start()
    thread.join(30)
    assert waited
    assert waited[0] >= 100 * MS


def _waited_while_spinning(core: int) -> int:
    os.sched_setaffinity(0, {core})
    mine = threading.get_native_id()

    def delay_ns() -> int:
        return next(each.delay_ns for each in thread_delays(str(os.getpid())) if each.thread == mine)

    before_ns = delay_ns()
    wait_until(lambda: _spun(5 * MS) and delay_ns() - before_ns >= 100 * MS, 20)
    return delay_ns() - before_ns


def _spun(for_ns: int) -> bool:
    end_ns = monotonic_ns() + for_ns
    while monotonic_ns() < end_ns:
        pass
    return True
