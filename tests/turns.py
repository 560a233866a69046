"""Turns of the workers of one session: most tests run side by side, those that need the machine to themselves alone,
and those that take long only if they are asked for.

Two locks (flock(2)) in files that all workers open. A worker holds the second one while it runs a test: shared with
others, or exclusively. It holds the first while it waits for the second, so that others queue up behind a test that
waits to be alone.
"""

from __future__ import annotations

import fcntl
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

import pytest


def needs_the_machine(item: pytest.Item) -> bool:
    """Whether a test builds networks or plays runs, and other work would disturb what it claims of their timing."""
    return _marked(item, "root", "vm") and not _marked(item, "bears_load")


def _marked(item: pytest.Item, *names: str) -> bool:
    return any(item.get_closest_marker(name) for name in names)


def without_long(expression: str) -> str:
    """What `-m` selects; tests that take long only if it names them, or is empty."""
    return f"({expression}) and not long" if expression and "long" not in expression else expression


def in_turn(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The tests in the order in which workers take their files.

    First those that boot machines: they take longest. Then those of which all tests have company, and at last the
    others, so that no test that runs alone keeps the rest waiting.
    """
    files = defaultdict[Path, list[pytest.Item]](list)
    for item in items:
        files[item.path].append(item)
    booting = [path for path, tests in files.items() if any(_marked(each, "vm") for each in tests)]
    alone = [path for path, tests in files.items() if path not in booting and any(map(needs_the_machine, tests))]
    others = {path: tests for path, tests in files.items() if path not in {*booting, *alone}}
    return [item for path in (*booting, *_mixed(others), *alone) for item in files[path]]


def _mixed(files: Mapping[Path, Sequence[pytest.Item]]) -> list[Path]:
    """Long files first, so that what is left at the end is short; beside each that computes one that `waits`, while
    there are any, so that no core is idle."""
    by_length = sorted(files, key=lambda path: -path.stat().st_size)
    kinds = ([path for path in by_length if _marked(files[path][0], "waits") is waits] for waits in (False, True))
    return [path for pair in zip_longest(*kinds) for path in pair if path]


class Turns:
    """A pytest plugin for one worker; `folder` is that of all workers of the session."""

    def __init__(self, folder: Path) -> None:
        self._queue = (folder / "queue").open("w")
        self._running = (folder / "running").open("w")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Round the whole of a test, and round the time limit of pytest-timeout: waiting does not count."""
        with self.turn(alone=needs_the_machine(item)):
            return (yield)

    @contextmanager
    def turn(self, *, alone: bool) -> Iterator[None]:
        """Wait until no other worker runs a test, or only such as may have company."""
        fcntl.flock(self._queue, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._running, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        finally:
            fcntl.flock(self._queue, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self._running, fcntl.LOCK_UN)

    def pytest_unconfigure(self) -> None:
        """Close the files."""
        self._queue.close()
        self._running.close()
