"""What goes wrong with a folder for output, in words; and how much room there is."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import IO, NamedTuple

_OF_STORAGE = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG, errno.ESTALE, errno.ENODEV, errno.ENXIO)
)
"""Full, over quota, read-only, broken, file too large, gone from its server, device removed."""


class Room(NamedTuple):
    """What a file system has left for this user: bytes, and files; None where it does not count files."""

    free_bytes: int
    files: int | None


def room_at(folder: Path) -> Room:
    """Room on the file system of a folder, or of the nearest one above it that exists. OSError."""
    found = os.statvfs(next(each for each in (folder, *folder.parents) if each.exists()))
    privileged = os.geteuid() == 0  # a share of the blocks may be kept for root
    blocks = found.f_bfree if privileged else found.f_bavail
    files = found.f_ffree if privileged else found.f_favail
    return Room(blocks * found.f_frsize, files if found.f_files else None)


def lock(file: IO[bytes]) -> bool:
    """Lock a file for as long as it is open, here or in a child (flock(2)); false if another has done so.

    Where the file system knows no locks everybody has it.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def is_of_storage(error: OSError, folder: Path) -> bool:
    """Whether an error is one of the storage below a folder, and not of the program: by its number, or its file."""
    return error.errno in _OF_STORAGE or (error.filename is not None and folder in Path(str(error.filename)).parents)


def sentence(error: OSError, folder: Path) -> str:
    """What could not be written, as seen from `folder`, and why."""
    path = Path(str(error.filename or folder))
    name = path.relative_to(folder) if folder in path.parents else path
    return f"{str(name).removesuffix('.partial')} cannot be written: {error.strerror or error}"
