"""One run at a time on a machine: a lock (flock(2)) in the machine's run-time folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

VARIABLE = "BLIPNET_LOCK"
"""Variable: the lock's file, where it is not that of the machine."""

BUSY = "another run has this machine: waiting for its end"
"""What is said meanwhile."""

_FOLDERS = (Path("/run/lock"), Path("/var/tmp"))  # noqa: S108 - the same for all users: TMPDIR would not be
_NAME = "blipnet.lock"


class LockError(Exception):
    """The lock's file cannot be had; the message, one line, says what to do."""


def lock_path() -> Path:
    """The file of the lock; all users of a machine have the same. LockError."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    for folder in _FOLDERS:
        if (folder / _NAME).exists() or (folder.is_dir() and os.access(folder, os.W_OK)):
            return folder / _NAME
    raise LockError(f"no folder for the machine's lock: set {VARIABLE} to a file that all callers can read")


@contextmanager
def machine(busy: Callable[[], None], path: Path | None = None) -> Iterator[int]:
    """Wait until no other run has this machine, and keep it inside the block; the lock's descriptor.

    The lock is kept by whoever has the descriptor open: a child that inherits it keeps it to its own end. `busy` is
    called once if another has the machine. LockError.
    """
    descriptor = _opened(path or lock_path())
    try:
        _wait(descriptor, busy)
        yield descriptor
    finally:
        os.close(descriptor)


def _wait(descriptor: int, busy: Callable[[], None]) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        busy()
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _opened(path: Path) -> int:
    """Open for reading, which flock(2) asks no more than: the file may be another user's. Created apart from that: in a
    sticky folder Linux refuses O_CREAT for another's file (fs.protected_regular).
    """
    try:
        with suppress(FileExistsError):
            _create(path)
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise LockError(f"{path}: {error.strerror}; set {VARIABLE} to another file for the machine's lock") from error


def _create(path: Path) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDONLY | os.O_CLOEXEC, 0o644)
    try:
        os.fchmod(descriptor, 0o644)  # whatever the umask: others wait here too
    finally:
        os.close(descriptor)
