"""One run at a time on a machine, whoever starts it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from blipnet import lock as of_the_library
from hostio.machine_lock import LockError, lock_path, machine


def is_free(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def never() -> None:
    raise AssertionError("nobody had the machine")


def test_it_is_the_library_s_lock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BLIPNET_LOCK", raising=False)
    assert lock_path() == of_the_library.lock_path()
    monkeypatch.setenv("BLIPNET_LOCK", str(tmp_path / "lock"))
    assert lock_path() == of_the_library.lock_path() == tmp_path / "lock"


def test_it_is_held_inside_the_block_and_by_whoever_has_it_open(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with machine(never, path) as held:
        assert not is_free(path)
        of_a_child = os.dup(held)
    assert not is_free(path)
    os.close(of_a_child)
    assert is_free(path)


def test_who_finds_it_taken_says_so_once_and_waits(tmp_path: Path) -> None:
    path, said = tmp_path / "lock", []
    descriptor = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
    fcntl.flock(descriptor, fcntl.LOCK_EX)

    def busy() -> None:
        said.append("busy")
        os.close(descriptor)

    with machine(busy, path):
        assert not is_free(path)
    assert said == ["busy"]


def test_a_caller_that_holds_it_gives_it_by_standard_input(tmp_path: Path) -> None:
    """As the library does: a second lock would never be had."""
    path = tmp_path / "lock"
    with of_the_library.machine(path) as of_the_caller:
        with machine(never, path, stdin=of_the_caller):
            assert not is_free(path)
        assert not is_free(path)
    assert is_free(path)


def test_a_lock_that_cannot_be_had_is_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(LockError, match=r"No such file or directory; set BLIPNET_LOCK"),
        machine(never, tmp_path / "a" / "b"),
    ):
        pass
