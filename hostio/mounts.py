"""Mount namespaces by system calls (unshare(2), mount(2), mount_setattr(2)): mount(8) cannot set a whole tree read-only
before util-linux 2.39, and a namespace made in a thread needs no process that keeps it.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

_CLONE_NEWNS = 0x00020000
_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_MOVE, _MS_REC, _MS_PRIVATE = 2, 4, 4096, 8192, 16384, 1 << 18
_SYS_MOUNT_SETATTR = 442
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_MOUNT_ATTR_RDONLY = 1

T = TypeVar("T")


def in_new_mount_namespace(build: Callable[[], T]) -> tuple[int, T]:
    """Call `build` in a new mount namespace, which begins as a copy of ours; a descriptor of it, and what was returned.

    The namespace lasts as long as the descriptor, and is entered by it (nsenter(1), `--mount`). `build` runs in a
    thread of its own, with its own working folder and umask (022). OSError.
    """

    def enter() -> tuple[int, T]:
        _unshare()
        os.umask(0o022)
        made = build()
        return os.open("/proc/thread-self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC), made

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(enter).result()


def write_only_in(folders: Sequence[Path]) -> None:
    """Have the calling thread, and what it starts later, write files in these folders and nowhere else. OSError.

    It gets a mount namespace of its own. Devices and sockets are none of this: they are no part of a file system.
    """
    _unshare()
    _mount("none", Path("/"), None, _MS_REC | _MS_PRIVATE, None)
    for folder in folders:
        bind(folder, folder)
    set_read_only(Path("/"))
    for folder in folders:
        set_writable(folder)


def mount_tmpfs(at: Path, mode: int, size_bytes: int) -> None:
    """Mount an empty file system in memory, without devices and set-user-id programs."""
    _mount("tmpfs", at, "tmpfs", _MS_NOSUID | _MS_NODEV, f"mode={mode:o},size={size_bytes}")


def bind(source: Path, at: Path) -> None:
    """Have `source`, a file or a folder with all that is mounted in it, appear at `at` too, which must exist."""
    _mount(str(source), at, None, _MS_BIND | _MS_REC, None)


def move(mounted: Path, at: Path) -> None:
    """Move what is mounted at a path, with all that is mounted in it, to another."""
    _mount(str(mounted), at, None, _MS_MOVE, None)


def set_read_only(tree: Path) -> None:
    """Have nothing written in what is mounted at a path and below it. Needs Linux 5.12."""
    _set_attributes(tree, _MOUNT_ATTR_RDONLY, 0, _AT_RECURSIVE)


def set_writable(mounted: Path) -> None:
    """Undo `set_read_only` for one mount."""
    _set_attributes(mounted, 0, _MOUNT_ATTR_RDONLY, 0)


def _unshare() -> None:
    _call("unshare", "", ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS))


def _mount(source: str, at: Path, kind: str | None, flags: int, data: str | None) -> None:
    texts = (each.encode() if each is not None else None for each in (source, str(at), kind))
    mount = ctypes.CDLL(None, use_errno=True).mount
    _call("mount", str(at), mount(*texts, ctypes.c_ulong(flags), data.encode() if data else None))


def _set_attributes(at: Path, wanted: int, unwanted: int, flags: int) -> None:
    attributes = (ctypes.c_uint64 * 4)(wanted, unwanted, 0, 0)
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    arguments = (_AT_FDCWD, str(at).encode(), flags, ctypes.byref(attributes), size)
    _call("mount_setattr", str(at), syscall(_SYS_MOUNT_SETATTR, *arguments))


def _call(name: str, path: str, result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}", path or None)
