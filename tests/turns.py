"""Turns of the workers of one session: which tests run side by side, which alone, and in which order; those that take
long only if they are asked for.

A test has the company of all that other work cannot disturb; or of few, tests that repeat alone what was disturbed, one
more than there are cores; or none. The first begin first, those of few then, those alone at last.
"""

from __future__ import annotations

import fcntl
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Literal

import pytest

Company = Literal["all", "few", "none"]
"""Whose company a test has, as above."""

_LATE = 2
"""The first group of files, by their order, that comes once all others are done."""


def needs_the_machine(item: pytest.Item) -> bool:
    """Whether a test builds networks or plays runs, and other work would disturb what it claims of their timing."""
    return _marked(item, "root", "vm") and not _marked(item, "bears_load")


def company_of(item: pytest.Item, late: Set[Path]) -> Company:
    """By its marks, and its file: what bears load in one of those that come late (`late`) is not to wait for the rest
    of them."""
    if needs_the_machine(item):
        return "few" if _marked(item, "repeats_alone") else "none"
    return "few" if item.path in late else "all"


def _marked(item: pytest.Item, *names: str) -> bool:
    return any(item.get_closest_marker(name) for name in names)


def without_long(expression: str) -> str:
    """What `-m` selects; tests that take long only if it names them, or is empty."""
    return f"({expression}) and not long" if expression and "long" not in expression else expression


def in_turn(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The tests in the order in which workers take their files.

    First those that boot machines: they take longest. Then those of which all tests have company, those of few, and at
    last the others, so that no test that runs alone keeps the rest waiting.
    """
    files = _by_file(items)
    groups = defaultdict[int, dict[Path, Sequence[pytest.Item]]](dict)
    for path, tests in files.items():
        groups[_group(tests)][path] = tests
    paths = (*groups[0], *_mixed(groups[1]), *_longest_first(groups[_LATE]), *groups[_LATE + 1])
    return [item for path in paths for item in files[path]]


def _by_file(items: Iterable[pytest.Item]) -> Mapping[Path, Sequence[pytest.Item]]:
    files = defaultdict[Path, list[pytest.Item]](list)
    for item in items:
        files[item.path].append(item)
    return files


def late_files(items: Iterable[pytest.Item]) -> frozenset[Path]:
    """Those that begin once all that has the company of all has ended."""
    return frozenset(path for path, tests in _by_file(items).items() if _group(tests) >= _LATE)


def _group(tests: Sequence[pytest.Item]) -> int:
    """The place among the others of a file with these tests."""
    if any(_marked(each, "vm") and not needs_the_machine(each) for each in tests):
        return 0
    if not any(map(needs_the_machine, tests)):
        return 1
    return _LATE if any(_marked(each, "repeats_alone") for each in tests) else _LATE + 1


def _limited(tests: Iterable[pytest.Item]) -> bool:
    """Whether one of them has its own time limit, and so may take longest."""
    return any(_marked(each, "timeout") for each in tests)


def _longest_first(files: Mapping[Path, Sequence[pytest.Item]]) -> list[Path]:
    """Those with a time limit of their own, then those of many tests: what is left at the end is short."""
    return sorted(files, key=lambda path: (not _limited(files[path]), -len(files[path])))


def _mixed(files: Mapping[Path, Sequence[pytest.Item]]) -> list[Path]:
    """Those with a time limit of their own, then long files, so that what is left at the end is short; beside each that
    computes one that `waits`, while there are any, so that no core is idle."""
    by_length = sorted(files, key=lambda path: (not _limited(files[path]), -path.stat().st_size))
    kinds = ([path for path in by_length if _marked(files[path][0], "waits") is waits] for waits in (False, True))
    return [path for pair in zip_longest(*kinds) for path in pair if path]


class Turns:
    """A pytest plugin for one worker; `folder` is that of all workers of the session.

    Locks (flock(2)) in files that all workers open. A test that has the company of all shares one of them, one that has
    that of few shares another; one that runs alone holds both. Who waits for the first kind to end stands in a queue,
    and keeps none of that kind from beginning. A seat is held by one test of few at a time; a run needs half a core.
    """

    def __init__(self, folder: Path, worker: int, seats: int) -> None:
        self._queue, self._all, self._few, self._seat = (
            (folder / name).open("w") for name in ("queue", "all", "few", f"seat-{worker % seats}")
        )
        self._company: Company = "all"
        self._late = frozenset[Path]()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note which files come late."""
        self._late = late_files(session.items)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Round the whole of a test, and round the time limit of pytest-timeout: waiting does not count."""
        with self.turn(company_of(item, self._late), seated=needs_the_machine(item)):
            return (yield)

    @contextmanager
    def turn(self, company: Company, *, seated: bool) -> Iterator[None]:
        """Wait until no other worker runs a test, or only such as may be in its company."""
        self._company = company
        try:
            if company == "all":
                self._begin_among_all()
            elif company == "few":
                if seated:
                    fcntl.flock(self._seat, fcntl.LOCK_EX)
                self._begin_late(fcntl.LOCK_SH)
            else:
                self._begin_late(fcntl.LOCK_EX)
            yield
        finally:
            for lock in (self._all, self._few, self._seat):
                fcntl.flock(lock, fcntl.LOCK_UN)

    def alone(self) -> None:
        """Have the test that runs, of the company of few, go on alone to its end: wait until the others have ended."""
        if self._company == "few":
            self._company = "none"
            fcntl.flock(self._few, fcntl.LOCK_UN)
            self._begin_late(fcntl.LOCK_EX)

    def _begin_among_all(self) -> None:
        fcntl.flock(self._few, fcntl.LOCK_EX)
        fcntl.flock(self._all, fcntl.LOCK_SH)
        fcntl.flock(self._few, fcntl.LOCK_UN)

    def _begin_late(self, how: int) -> None:
        fcntl.flock(self._queue, fcntl.LOCK_EX)
        try:
            while not self._begun(how):
                fcntl.flock(self._all, fcntl.LOCK_EX)
                fcntl.flock(self._all, fcntl.LOCK_UN)
        finally:
            fcntl.flock(self._queue, fcntl.LOCK_UN)

    def _begun(self, how: int) -> bool:
        """Whether none of those runs that have the company of all; if so, none of them begins until this test ends."""
        fcntl.flock(self._few, how)
        try:
            fcntl.flock(self._all, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(self._few, fcntl.LOCK_UN)
            return False
        if how == fcntl.LOCK_SH:
            fcntl.flock(self._all, fcntl.LOCK_UN)
        return True

    def pytest_unconfigure(self) -> None:
        """Close the files."""
        for lock in (self._queue, self._all, self._few, self._seat):
            lock.close()
