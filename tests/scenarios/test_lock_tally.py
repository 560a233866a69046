"""How waits for locks add up, against arithmetic."""

from __future__ import annotations

from hostio.timing import MS
from results.run_files.lock_waits import LockWait
from scenarios.run.lock_tally import Blockage, LockTally, Sighting

READ = Blockage("forward", "fetch", "read", "10.0.0.1:6379")
WRITE = READ._replace(call="write")


def seen(switches: int, what: Blockage = READ, holder: int = 7, thread: int = 8) -> Sighting:
    return Sighting((thread, switches), holder, what)


def tally(*looks: tuple[int, list[Sighting]]) -> tuple[LockWait, ...]:
    found = LockTally()
    for at_ms, sightings in looks:
        found.add(at_ms * MS, sightings)
    return found.waits()


def test_a_wait_lasts_from_its_first_look_to_its_last() -> None:
    looks = [(10, [seen(1)]), (20, [seen(1)]), (35, [seen(1)]), (45, [])]
    assert tally(*looks) == (LockWait(*READ, samples=3, total_ns=25 * MS, longest_ns=25 * MS),)


def test_what_is_seen_once_may_just_have_changed_hands() -> None:
    assert tally((10, [seen(1)]), (20, []), (30, [seen(1)])) == ()
    assert tally((10, [seen(1)]), (20, [seen(2)]), (30, [seen(3)])) == (), "each a wait of its own"
    assert tally((10, [seen(1, holder=7)]), (20, [seen(1, holder=9)])) == (), "the lock has another holder"


def test_waits_of_threads_of_the_same_names_add_up() -> None:
    looks = [(10, [seen(1)]), (20, [seen(1)]), (30, [seen(2)]), (60, [seen(2), seen(5, thread=9)])]
    assert tally(*looks) == (LockWait(*READ, samples=4, total_ns=40 * MS, longest_ns=30 * MS),)


def test_a_holder_that_goes_from_call_to_call_holds_it_all_the_time() -> None:
    read, write = tally((0, [seen(1)]), (10, [seen(1)]), (20, [seen(1, WRITE)]), (40, [seen(1)]))
    assert (read.call, read.total_ns, read.longest_ns) == ("read", 30 * MS, 40 * MS)
    assert (write.call, write.total_ns, write.longest_ns) == ("write", 10 * MS, 20 * MS)
