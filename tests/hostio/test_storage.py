from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from hostio.storage import is_of_storage, lock, room_at, sentence


def test_room_is_that_of_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    room = room_at(tmp_path / "not" / "yet" / "there")
    found = os.statvfs(tmp_path)
    assert 0 < room.free_bytes <= found.f_blocks * found.f_frsize
    assert room.files is None or 0 < room.files <= found.f_files


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE])
def test_a_broken_or_full_storage_is_known_by_the_number_of_the_error(number: int) -> None:
    assert is_of_storage(OSError(number, os.strerror(number)), Path("/runs/one"))


def test_a_removed_folder_is_known_by_the_file_that_was_to_be_in_it() -> None:
    assert is_of_storage(FileNotFoundError(errno.ENOENT, "No such file", "/runs/one/events.jsonl"), Path("/runs/one"))


@pytest.mark.parametrize(
    "error",
    [OSError(errno.EADDRINUSE, "in use"), FileNotFoundError(errno.ENOENT, "No such file", "/proc/7"), OSError("?")],
)
def test_other_errors_are_those_of_the_program(error: OSError) -> None:
    assert not is_of_storage(error, Path("/runs/one"))


def test_a_sentence_names_the_file_as_seen_from_the_run_directory() -> None:
    error = OSError(errno.ENOSPC, "No space left on device", "/runs/one/raw/sent-us-east.parquet.partial")
    assert sentence(error, Path("/runs/one")) == ("raw/sent-us-east.parquet cannot be written: No space left on device")


def test_a_lock_is_held_until_every_copy_of_the_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "log"
    first = path.open("wb")
    with path.open("rb") as second, path.open("rb") as third:
        assert lock(first)
        assert not lock(second)
        copy = os.dup(first.fileno())  # as a child has one
        first.close()
        assert not lock(second)
        os.close(copy)
        assert lock(third)
