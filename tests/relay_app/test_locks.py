from __future__ import annotations

from threading import Condition, Event, Thread
from time import monotonic_ns
from typing import Any

import numpy as np

from hostio.compiled import compiled
from hostio.timing import wait_until
from relay_app.locks.lock import SharedLock
from relay_app.locks.lock_set import LockSet, durations_of
from relay_app.locks.mutex_compiled import LockPlace, enter, leave

WITHIN_S = 30.0


@compiled
def count_up(place: LockPlace, cell: Any, times: int) -> None:
    """Read and write apart, so that only a lock keeps counts from being lost."""
    for _ in range(times):
        enter(place)
        before = cell[0]
        for _ in range(20):
            cell[1] += 1
        cell[0] = before + 1
        leave(place)


def test_a_compiled_loop_and_a_python_thread_exclude_one_another() -> None:
    lock = LockSet().create("shared")
    cell, place = np.zeros(2, np.int64), lock.place("loop")
    loop = Thread(target=count_up, args=(place, cell, 20_000))
    loop.start()
    for _ in range(2000):
        with lock:
            cell[0] += 1
    loop.join()
    assert cell[0] == 22_000
    assert durations_of(place.hold).count == 20_000


def test_waiting_and_holding_are_told_apart_by_place() -> None:
    locks = LockSet()
    lock = locks.create("cache")
    held, go_on = Event(), Event()

    def hold() -> None:
        with lock:
            held.set()
            assert go_on.wait(WITHIN_S)

    holder = Thread(target=hold)
    begun_ns = monotonic_ns()
    holder.start()
    assert held.wait(WITHIN_S)
    at_most_ns = monotonic_ns() - begun_ns

    def wait() -> None:
        lock.acquire()

    waiter = Thread(target=wait)
    waiter.start()
    assert wait_until(lambda: lock.waiters > 0, WITHIN_S)
    begun_ns = monotonic_ns()
    assert wait_until(lambda: monotonic_ns() - begun_ns > at_most_ns, WITHIN_S)
    assert "test_locks.py" in locks.situation()
    assert "1 wait" in locks.situation()
    go_on.set()
    waiter.join()
    lock.release()
    holder.join()
    report = locks.report()
    (row,) = report.locks
    assert (row.lock, row.most_waiters, row.hold.count) == ("cache", 1, 2)
    holding, waiting = (next(s for s in report.sites if s.site.endswith(name)) for name in (" hold", " wait"))
    assert waiting.wait.max_ns > at_most_ns >= holding.wait.max_ns
    assert lock.held_ns() == row.hold.total_ns


def test_a_condition_works_with_it() -> None:
    condition = Condition(LockSet().create("queue"))  # type: ignore[arg-type]
    items: list[int] = []

    def take() -> None:
        with condition:
            condition.wait_for(lambda: items)
            items.pop()

    taker = Thread(target=take)
    taker.start()
    with condition:
        items.append(1)
        condition.notify_all()
    taker.join(WITHIN_S)
    assert not taker.is_alive()
    assert items == []


def test_io_under_a_lock_is_reported_with_its_place_and_stack() -> None:
    locks = LockSet()
    lock = locks.create("cache")
    with locks.audit.io("harmless"):
        pass
    for _ in range(3):
        with lock, locks.audit.io("fetch"):
            pass
    (found,) = locks.report().held_across_io
    assert (found.lock, found.operation, found.count) == ("cache", "fetch", 3)
    assert "test_io_under_a_lock" in found.site
    assert "test_io_under_a_lock" in found.stack[-1]
    assert found.max_ns <= found.total_ns


def test_two_orders_of_two_locks_are_an_inversion() -> None:
    locks = LockSet()
    a, b, c = (locks.create(name) for name in "abc")
    with a, b, c:
        pass
    assert locks.report().inversions == ()
    with b, a:
        pass
    (found,) = locks.report().inversions
    assert (found.first, found.second) == ("a", "b")
    assert len(found.sites) == 2


def test_without_an_audit_nothing_is_recorded() -> None:
    locks = LockSet(audited=False)
    lock: SharedLock = locks.create("cache")
    place = lock.place("loop")
    count_up(place, np.zeros(2, np.int64), 5)
    with lock, locks.audit.io("fetch"):
        assert not lock.acquire(blocking=False)
    report = locks.report()
    assert (report.sites[0].hold.count, report.held_across_io) == (0, ())
