"""One run at a time on a machine, whoever starts it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

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


def test_all_have_the_same_file_unless_another_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BLIPNET_LOCK", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert lock_path().name == "blipnet.lock"
    assert not lock_path().is_relative_to(tmp_path)
    monkeypatch.setenv("BLIPNET_LOCK", str(tmp_path / "lock"))
    assert lock_path() == tmp_path / "lock"


def test_it_is_one_that_all_users_can_take(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with machine(never, tmp_path / "lock"):
            assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o644
    finally:
        os.umask(before)


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


def test_a_lock_that_cannot_be_had_is_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(LockError, match=r"No such file or directory; set BLIPNET_LOCK"),
        machine(never, tmp_path / "a" / "b"),
    ):
        pass
