"""What the kernel finds in memory when it starts: an archive of files in the `newc` form of cpio(5).

Holds what leads to the root file system, and what differs from run to run.
"""

from __future__ import annotations

import re
import shutil
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from topologies.commands import run

_LIBRARY = re.compile(r"(/\S+) \(0x")
_ALIGNED = 4


def cpio(files: Mapping[str, bytes]) -> bytes:
    """An archive of these executable files, by their paths without a leading slash, and of the folders above them."""
    folders = {str(parent): b"" for name in files for parent in Path(name).parents if str(parent) != "."}
    members = [_member(name, stat.S_IFDIR | 0o755, b"") for name in sorted(folders)]
    members += [_member(name, stat.S_IFREG | 0o755, content) for name, content in files.items()]
    return b"".join((*members, _member("TRAILER!!!", 0, b"")))


def tools(path: str) -> dict[str, bytes]:
    """A shell with its commands, and the program that loads modules with the libraries it needs; both on the path."""
    busybox, kmod = (str(shutil.which(program, path=path)) for program in ("busybox", "kmod"))
    libraries = _LIBRARY.findall(run(["ldd", kmod]))
    return {
        "bin/busybox": Path(busybox).read_bytes(),
        "bin/insmod": Path(kmod).read_bytes(),
        **{library.lstrip("/"): Path(library).read_bytes() for library in libraries},
    }


def numbered(modules: Iterable[Path]) -> dict[str, bytes]:
    """Modules, under names that sort in the order in which they are to be loaded."""
    return {f"modules/{number:02}-{path.name}": path.read_bytes() for number, path in enumerate(modules)}


def _member(name: str, mode: int, content: bytes) -> bytes:
    """Magic, then inode, mode, owner, group, links, time, size, four device numbers, length of the name, checksum."""
    fields = (0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + "".join(f"{field:08X}" for field in fields).encode() + name.encode() + b"\0"
    return _padded(head) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % _ALIGNED)
