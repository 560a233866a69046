from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from hostio.units import MS, S
from relay_app.directory import DirectoryError, Fetched
from relay_app.pipelined_fetch import FetchSettings, PipelinedFetch
from relay_app.session_table import SessionTable
from relay_app.stream_record import StreamRecord

SETTINGS = FetchSettings(first_wait_ns=MS, longest_wait_ns=2 * MS, prefetch_ns=10 * S)


class Source:
    """A directory in memory that can be held up, and can fail a number of times."""

    def __init__(self, known: Sequence[int] = (), failures: int = 0) -> None:
        self.known = set(known)
        self.failures = failures
        self.asked: list[tuple[int, ...]] = []
        self.entered, self.go_on = Event(), Event()
        self.go_on.set()

    def fetch(self, ssrcs: Sequence[int]) -> Fetched:
        self.asked.append(tuple(ssrcs))
        self.entered.set()
        self.go_on.wait()
        if self.failures:
            self.failures -= 1
            raise DirectoryError("out of reach")
        found = tuple(StreamRecord(ssrc, 2, "talk") for ssrc in ssrcs if ssrc in self.known)
        return Fetched(found, tuple(ssrc for ssrc in ssrcs if ssrc not in self.known))


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def table() -> SessionTable:
    return SessionTable(1, {1: "10.0.0.1", 2: "10.0.0.2"}, capacity=64, unknown_ns=S)


@contextmanager
def running(fetch: PipelinedFetch) -> Iterator[PipelinedFetch]:
    thread = Thread(target=fetch.run)
    thread.start()
    try:
        yield fetch
    finally:
        fetch.stop()
        thread.join()


def test_everything_queued_goes_in_one_fetch(table: SessionTable) -> None:
    source = Source(known=range(20))
    fetch = PipelinedFetch(source, table, Clock(), SETTINGS)
    fetch.missed(range(10))
    fetch.missed(range(5, 20))
    assert fetch.fetching == 20
    with running(fetch):
        assert fetch.prefetch(range(20)) == 20
    assert source.asked == [tuple(range(20))]
    assert fetch.fetching == 0


def test_one_fetch_in_flight_per_key(table: SessionTable) -> None:
    source = Source(known=range(5))
    source.go_on.clear()
    with running(PipelinedFetch(source, table, Clock(), SETTINGS)) as fetch:
        fetch.missed([1, 1, 1])
        source.entered.wait()
        fetch.missed([1, 2, 1, 2])
        assert fetch.fetching == 2
        source.go_on.set()
        assert fetch.prefetch([1, 2]) == 2
    assert source.asked == [(1,), (2,)]


def test_unknown_sessions_are_asked_for_again_after_a_while(table: SessionTable) -> None:
    source, clock = Source(), Clock()
    with running(PipelinedFetch(source, table, clock, SETTINGS)) as fetch:
        assert fetch.prefetch([7]) == 0
        clock.now_ns = S - 1
        assert fetch.prefetch([7]) == 0
        source.known = {7}
        clock.now_ns = S
        assert fetch.prefetch([7]) == 1
    assert source.asked == [(7,), (7,)]


def test_a_directory_out_of_reach_is_asked_until_it_answers(table: SessionTable) -> None:
    source = Source(known=[7], failures=4)
    with running(PipelinedFetch(source, table, Clock(), SETTINGS)) as fetch:
        assert fetch.prefetch([7]) == 1
    assert fetch.counters() == {"fetches": 5, "failed_fetches": 4}


def test_prefetch_gives_up_in_time(table: SessionTable) -> None:
    fetch = PipelinedFetch(Source(), table, Clock(), FetchSettings(prefetch_ns=MS))
    assert fetch.prefetch([7]) == 0


def test_stopping_ends_every_wait(table: SessionTable) -> None:
    source = Source(failures=1 << 30)
    fetch = PipelinedFetch(source, table, Clock(), FetchSettings(first_wait_ns=60 * S, prefetch_ns=60 * S))
    waiting = Thread(target=fetch.prefetch, args=([7],))
    with running(fetch):
        waiting.start()
        source.entered.wait()
    waiting.join()
    assert fetch.counters()["failed_fetches"] == 1


def test_unusable_records_are_counted_and_not_asked_for_at_once(table: SessionTable) -> None:
    elsewhere = StreamRecord(1, destination=9, session="talk")
    table.install(Fetched(found=(elsewhere,), invalid=(2,)), now_ns=0)
    assert table.refused == 2
    assert table.settled(1, S - 1)
    assert table.settled(2, S - 1)
    assert not table.settled(1, S)


def test_a_full_cache_is_no_error(table: SessionTable) -> None:
    table.install(Fetched(tuple(StreamRecord(ssrc, 2, "talk") for ssrc in range(60))), now_ns=0)
    assert (len(table.cache), table.refused) == (56, 4)
