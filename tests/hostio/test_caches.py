"""Folders of caches that this user may not write are shown in a folder of his own, which nobody else can have made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hostio.caches import private_folder, shown


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    (tmp_path / "kept" / "room").mkdir(parents=True)
    (tmp_path / "kept" / "room" / "loop.nbi").write_text("compiled")
    return tmp_path / "kept"


def test_kept_files_are_read_and_new_ones_do_not_reach_them(kept: Path, tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    there = shown(kept, tmp_path / "place")
    file = there / "room" / "loop.nbi"
    assert file.read_text() == "compiled"
    (there / "room" / "new").write_text("recompiled")
    (there / "room" / "new").replace(file)  # as numba writes
    assert file.read_text() == "recompiled"
    assert (kept / "room" / "loop.nbi").read_text() == "compiled"
    assert shown(kept, tmp_path / "place") == there


def test_a_folder_that_is_not_there_yet_is_shown_empty(tmp_path: Path) -> None:
    there = shown(tmp_path / "missing", tmp_path)
    assert list(there.iterdir()) == []


def test_the_private_folder_is_the_same_each_time_and_closed_to_others(tmp_path: Path) -> None:
    folder = private_folder(tmp_path)
    assert private_folder(tmp_path) == folder
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("trap", ["link", "open to all", "file"])
def test_a_name_that_somebody_else_took_is_not_used(trap: str, tmp_path: Path) -> None:
    """What is read from there is run."""
    taken = tmp_path / f"blipnet-{os.geteuid()}"
    if trap == "link":
        (tmp_path / "elsewhere").mkdir()
        taken.symlink_to(tmp_path / "elsewhere")
    elif trap == "file":
        taken.touch()
    else:
        taken.mkdir()
        taken.chmod(0o777)
    folder = private_folder(tmp_path)
    assert folder != taken
    assert folder.stat().st_mode & 0o777 == 0o700
