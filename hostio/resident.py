"""Having all files of this process in memory: nothing it runs has to be read first."""

from __future__ import annotations

import ctypes
from pathlib import Path

_MADV_POPULATE_READ = 22
"""Since Linux 5.14; an older kernel refuses it, and only the head start is lost."""


def make_resident() -> None:
    """Have the kernel read every page of every file that this process has mapped."""
    libc = ctypes.CDLL(None)
    libc.madvise.argtypes = (ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int)
    for start, end in file_mappings(Path("/proc/self/maps").read_text()):
        libc.madvise(start, end - start, _MADV_POPULATE_READ)


def file_mappings(maps: str) -> list[tuple[int, int]]:
    """First address and end of each readable mapping of a file in the text of /proc/self/maps (proc(5))."""
    found = []
    for line in maps.splitlines():
        span, permissions, _, _, inode, *_ = line.split(maxsplit=5)
        if inode != "0" and permissions.startswith("r"):
            start, end = span.split("-")
            found.append((int(start, 16), int(end, 16)))
    return found
