"""Control sides of relay versions, with a directory in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

from redis_lab import loopback

from hostio.timing import MS, S, wait_until
from relay_app.forwarding.forwarding_loop import PathRules
from relay_app.forwarding.packet_path import PacketPath, PathConfig
from relay_app.locks.lock_set import LockSet
from relay_app.sessions.directory import DirectoryError, Fetched, StreamRecord
from relay_app.sessions.session_table import NextHops, SessionTable
from relay_app.versions.catalogue import version_named
from relay_app.versions.version import ControlSide, FetchSettings, RelayParts

WITHIN_S = 30.0


class Source:
    """A directory in memory that can be held up, and can fail a number of times."""

    def __init__(self, known: Sequence[int] = (), failures: int = 0) -> None:
        self.known = set(known)
        self.failures = failures
        self.asked: list[tuple[int, ...]] = []
        self.announced: list[int] = []
        self.entered, self.go_on = Event(), Event()
        self.go_on.set()

    def fetch(self, ssrcs: Sequence[int]) -> Fetched:
        self.asked.append(tuple(ssrcs))
        self.entered.set()
        assert self.go_on.wait(WITHIN_S)
        if self.failures:
            self.failures -= 1
            raise DirectoryError("out of reach")
        found = tuple(StreamRecord(ssrc, 1, 2, "talk") for ssrc in ssrcs if ssrc in self.known)
        return Fetched(found, tuple(ssrc for ssrc in ssrcs if ssrc not in self.known))

    def announce(self, ssrcs: Sequence[int], carrier: int) -> None:
        assert carrier == 1
        self.announced += ssrcs


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


class Bench:
    """The parts of a relay that is cluster 1 of two."""

    def __init__(self, source: Source, settings: FetchSettings | None = None) -> None:
        self.source = source
        self.clock = Clock()
        self.locks = LockSet()
        hops = NextHops(1, {1: "10.0.0.1", 2: "10.0.0.2"})
        self.table = SessionTable(hops, self.locks.create("session-cache"), capacity=1024, unknown_ns=S)
        settings = settings or FetchSettings(first_wait_ns=MS, longest_wait_ns=2 * MS)
        self.parts = RelayParts(1, source, self.table, self.locks, self.clock, settings)

    def control(self, version: str) -> ControlSide:
        """A control side, not running yet."""
        return version_named(version).control(self.parts)


@contextmanager
def running(control: ControlSide) -> Iterator[ControlSide]:
    """Runs it in a thread until the end."""
    thread = Thread(target=control.run)
    thread.start()
    try:
        yield control
    finally:
        control.stop()
        thread.join(WITHIN_S)
        assert not thread.is_alive()


@contextmanager
def relaying(version: str, table: SessionTable) -> Iterator[PacketPath]:
    """A relay's packet path on the host of cluster 1. Its counters follow what it sent by a moment."""
    rules = PathRules(locked=False, stale_ns=0, ntp_offset_ns=0)
    path = version_named(version).packet_path(PathConfig(1, loopback(1), 0, rules), table)
    path.open()
    thread = Thread(target=path.run, daemon=True)
    thread.start()
    try:
        yield path
    finally:
        path.stop()
        thread.join(WITHIN_S)
        path.close()


def settle(control: ControlSide) -> None:
    """Wait until it fetches nothing any more."""
    assert wait_until(lambda: not control.fetching, WITHIN_S), f"{control.fetching} keys are still being fetched"
