"""Files on a file system that takes no more: whole or not at all, and the error says which and why."""

from __future__ import annotations

import errno
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from hostio.files import GrowingArray, append_line, write_all, write_array, write_whole

ROW = np.dtype([("at_ns", "<i8")])
MOST_BYTES = 1000


@contextmanager
def at_most(count: int) -> Iterator[None]:
    """No file of this process may grow beyond `count` bytes (setrlimit(2)): a write takes what fits, the next one fails
    with EFBIG, as with ENOSPC on a full file system."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_rows_that_do_not_fit_leave_nothing_and_name_the_file(tmp_path: Path) -> None:
    """numpy's own `save` raises an error without a number here, from which nobody can tell a full disk."""
    with at_most(MOST_BYTES), pytest.raises(OSError, match="File too large") as caught:
        write_array(tmp_path / "sent.npy", np.zeros(MOST_BYTES, ROW))
    assert caught.value.errno == errno.EFBIG
    assert str(tmp_path / "sent.npy") in str(caught.value.filename)
    assert list(tmp_path.iterdir()) == []


def test_rows_that_fit_are_read_back(tmp_path: Path) -> None:
    rows = np.arange(MOST_BYTES, dtype="<i8").view(ROW)
    write_array(tmp_path / "sent.npy", rows)
    assert np.array_equal(np.load(tmp_path / "sent.npy", allow_pickle=False), rows)


def test_a_growing_array_on_a_full_disk_fails_and_holds_what_it_counts(tmp_path: Path) -> None:
    path = tmp_path / "samples.npy"
    array = GrowingArray(path, ROW)
    array.append(np.zeros(5, ROW))
    with at_most(MOST_BYTES), pytest.raises(OSError, match="File too large") as caught:
        array.append(np.zeros(MOST_BYTES, ROW))
    assert caught.value.filename == str(path)
    assert len(np.load(path, allow_pickle=False)) == 5
    array.append(np.ones(1, ROW))
    array.close()
    assert np.load(path, allow_pickle=False)["at_ns"].tolist() == [0] * 5 + [1], "a part of a row stayed in between"


def test_a_line_is_added_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    append_line(path, "a" * (MOST_BYTES - 10) + "\n")
    with at_most(MOST_BYTES), pytest.raises(OSError, match="File too large"):
        append_line(path, "b" * 100 + "\n")
    append_line(path, "c\n")
    assert path.read_text().split("\n") == ["a" * (MOST_BYTES - 10), "c", ""]


def test_a_text_that_does_not_fit_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "locks.json"
    write_whole(path, "before")
    with at_most(MOST_BYTES), pytest.raises(OSError, match="File too large"):
        write_whole(path, "x" * 2 * MOST_BYTES)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_was_removed_is_not_made_again(tmp_path: Path) -> None:
    gone = tmp_path / "run"
    with pytest.raises(FileNotFoundError):
        write_whole(gone / "locks" / "us-east.json", "text")
    assert not gone.exists()


class _Piecewise:
    """A file that takes three bytes at a time, as a system call may."""

    def __init__(self) -> None:
        self.taken = b""

    def write(self, data: memoryview) -> int:
        self.taken += bytes(data[:3])
        return min(3, len(data))


def test_all_is_written_that_a_system_call_takes_in_parts() -> None:
    file = _Piecewise()
    write_all(file, b"0123456789")  # type: ignore[arg-type]
    assert file.taken == b"0123456789"
