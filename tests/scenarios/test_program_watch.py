"""What a program says by sd_notify(3) while it serves: passed on, not too fast, and held to its watchdog."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from hostio.timing import MS, S
from scenarios.supervision.program_watch import MOST_A_SECOND, MessageLimit, ProgramWatch, Watchdog, Watched
from scenarios.supervision.ready_signals import NotifySocket

WITHIN_S = 20.0
LOG_LIMIT = 1000


class Heard:
    """What is told of a program, in order: a message, or what else happened."""

    def __init__(self) -> None:
        self.news: SimpleQueue[tuple[str, int]] = SimpleQueue()

    def message(self, text: str, at_ns: int, left_out: int) -> None:
        assert at_ns
        self.news.put((text, left_out))

    def watchdog_missed(self, within_ns: int, at_ns: int) -> None:
        assert at_ns
        self.news.put(("missed", within_ns))

    def log_full(self, limit_bytes: int, at_ns: int) -> None:
        assert at_ns
        self.news.put(("log full", limit_bytes))

    def next(self) -> tuple[str, int]:
        return self.news.get(timeout=WITHIN_S)

    def rest(self) -> list[tuple[str, int]]:
        return [self.news.get_nowait() for _ in range(self.news.qsize())]


class Life:
    """A program's end of its socket, and the watch over it."""

    def __init__(self, folder: Path, watchdog_ns: int = 0) -> None:
        self.heard = Heard()
        self.log = folder / "log"
        self.log.touch()
        self.watch = ProgramWatch(Watched(self.log, LOG_LIMIT, watchdog_ns), self.heard)
        self.notify = NotifySocket(folder / "notify", self.watch.hear)
        self._path = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def says(self, text: str) -> None:
        self._socket.sendto(text.encode(), self._path)

    def close(self) -> None:
        self.watch.end()
        self.notify.close()
        self._socket.close()


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    found = Life(tmp_path)
    yield found
    found.close()


def test_messages_are_passed_on_in_their_order_and_others_are_not(life: Life) -> None:
    life.watch.begin(life.notify)
    life.says("STATUS=3 sessions\nX_MINE=1")
    life.says("RELOADING=1\nMONOTONIC_USEC=5")
    life.says("READY=1\nMAINPID=7")
    life.says("STOPPING=1\nERRNO=2")
    life.says("STATUS=\x1b[2J")
    said = ["STATUS=3 sessions", "RELOADING=1", "READY=1", "STOPPING=1", "ERRNO=2", "STATUS=?[2J"]
    assert [life.heard.next() for _ in said] == [(each, 0) for each in said]


def test_what_lies_in_the_socket_at_the_end_is_read_and_the_socket_is_removed(life: Life, tmp_path: Path) -> None:
    life.says("STATUS=before")
    life.watch.begin(life.notify)
    life.says("STATUS=last")
    life.close()
    assert life.heard.rest() == [("STATUS=before", 0), ("STATUS=last", 0)]
    assert not (tmp_path / "notify").exists()
    life.close()


def test_of_a_flood_some_are_passed_on_and_the_last(life: Life) -> None:
    life.watch.begin(life.notify)
    for number in range(500):
        life.says(f"STATUS={number}")
    life.close()
    told = life.heard.rest()
    assert len(told) + sum(left_out for _, left_out in told) == 500
    assert told[-1][0] == "STATUS=499"


def test_the_limit_is_a_number_a_second() -> None:
    limit = MessageLimit()
    assert [limit.passes(S + number) for number in range(MOST_A_SECOND + 2)] == [0] * MOST_A_SECOND + [None, None]
    assert limit.passes(2 * S) == 2
    assert limit.passes(2 * S + 1) == 0


def test_a_watchdog_is_missed_once_until_it_is_fed_again() -> None:
    watchdog = Watchdog(2 * S, at_ns=S)
    assert not watchdog.missed(3 * S - 1)
    watchdog.fed(2 * S)
    assert not watchdog.missed(4 * S - 1)
    assert watchdog.missed(4 * S)
    assert not watchdog.missed(9 * S)
    watchdog.fed(10 * S)
    assert watchdog.missed(12 * S)
    assert not Watchdog(0, at_ns=S).missed(100 * S)


def test_a_missed_watchdog_is_told_and_again_after_a_sign_of_life(tmp_path: Path) -> None:
    life = Life(tmp_path, watchdog_ns=50 * MS)
    life.watch.begin(life.notify)
    assert life.heard.next() == ("missed", 50 * MS)
    life.says("WATCHDOG=1")
    assert life.heard.next() == ("WATCHDOG=1", 0)
    assert life.heard.next() == ("missed", 50 * MS)
    life.close()
    assert life.heard.rest() == []


@pytest.mark.long
def test_a_full_log_is_told_once(life: Life) -> None:
    life.watch.begin(None)
    life.log.write_bytes(bytes(LOG_LIMIT))
    assert life.heard.next() == ("log full", LOG_LIMIT)
    life.watch.end()
    assert life.heard.rest() == []
