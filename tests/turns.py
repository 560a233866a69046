"""Turns of the workers of one session: most tests run side by side, those that need the machine run alone.

Two locks (flock(2)) in files that all workers open. A worker holds the second one while it runs a test: shared with
others, or exclusively. It holds the first while it waits for the second, so that others queue up behind a test that
waits to be alone.
"""

from __future__ import annotations

import fcntl
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest


def needs_the_machine(item: pytest.Item) -> bool:
    """Whether a test builds networks, plays runs or boots virtual machines, whose timing other work would disturb."""
    return any(item.get_closest_marker(name) for name in ("root", "vm"))


def in_turn(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The tests in the order in which workers take their files.

    Long files first, so that what is left at the end is short; beside each that computes one that `waits`, while there
    are any, so that no core is idle. Then those that need the machine.
    """
    places = _places(item for item in items if not needs_the_machine(item))
    return sorted(items, key=lambda item: (True, 0, False) if needs_the_machine(item) else (False, *places[item.path]))


def _places(items: Iterable[pytest.Item]) -> Mapping[Path, tuple[int, bool]]:
    """Where each file comes: its place among those that wait, or among those that do not."""
    waits = {item.path: item.get_closest_marker("waits") is not None for item in items}
    by_length = sorted(waits, key=lambda path: -path.stat().st_size)
    return {
        path: (place, kind)
        for kind in (False, True)
        for place, path in enumerate(path for path in by_length if waits[path] is kind)
    }


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
