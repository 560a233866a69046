"""One run at a time on a machine: a lock (flock(2)) in the machine's run-time folder.

A run that goes on when its caller was killed keeps it: the lock's file is the run's standard input, which sudo leaves
open too. Runs that are started by hand wait for it, and are waited for (`hostio/machine_lock.py`).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from blipnet.errors import TestbedError

LOCK = "BLIPNET_LOCK"
"""Variable: the lock's file, where it is not that of the machine."""

_FOLDERS = (Path("/run/lock"), Path("/var/tmp"))  # noqa: S108 - the same for all users: TMPDIR would not be
_NAME = "blipnet.lock"


def lock_path() -> Path:
    """The file of the lock; all users of a machine have the same. TestbedError."""
    if named := os.environ.get(LOCK):
        return Path(named)
    for folder in _FOLDERS:
        if (folder / _NAME).exists() or (folder.is_dir() and os.access(folder, os.W_OK)):
            return folder / _NAME
    raise TestbedError(f"no folder for the machine's lock: set {LOCK} to a file that all callers can read")


@contextmanager
def machine(path: Path | None = None) -> Iterator[int]:
    """Wait until no other run has this machine, and keep it inside the block; a descriptor of the lock's empty file."""
    descriptor = _opened(path or lock_path())
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    """Open for reading, which flock(2) asks no more than: the file may be another user's.

    Created apart from that: in a sticky folder Linux refuses O_CREAT for another's file (fs.protected_regular).
    """
    try:
        with suppress(FileExistsError):
            _create(path)
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise TestbedError(f"{path}: {error.strerror}; set {LOCK} to another file for the machine's lock") from error


def _create(path: Path) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDONLY | os.O_CLOEXEC, 0o644)
    try:
        os.fchmod(descriptor, 0o644)  # whatever the umask: others wait here too
    finally:
        os.close(descriptor)
