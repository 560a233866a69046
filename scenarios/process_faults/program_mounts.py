"""What a relay program sees of the machine's files: all of them read-only, and its own folder.

A mount namespace, rather than Landlock: it also hides the sockets of the run (Redis, the switches), which are in `/run`
and which no emulated link impairs; and it takes no process between runner and program, where setpriv(1) cannot set
Landlock rules before util-linux 2.40.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hostio.mounts import bind, in_new_mount_namespace, mount_tmpfs, move, set_read_only, set_writable
from topologies.sandbox import RUNTIME

FOLDER_BYTES = 256 << 20
"""Limit of all that a program keeps in its folder, and of each of its own /tmp, /var/tmp and /dev/shm."""

_SCRATCH = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - they are covered, not used
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_STANDARD = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
_NETWORK_SETTINGS = Path("/proc/sys/net")


@dataclass(frozen=True, slots=True)
class ProgramMounts:
    """The mounts of a program. `folder`: its own, below `RUNTIME`; `seen`: what it must see wherever that lies.

    `past_closed_folders`: folders on the way to `seen` that are closed to other users (such as a home) show only that;
    `sets_network`: it may write its network namespace's sysctls.
    """

    folder: Path
    seen: tuple[Path, ...]
    past_closed_folders: bool
    sets_network: bool

    def make(self) -> int:
        """A descriptor of a new mount namespace with these mounts. OSError."""
        stage = self.folder.parent / "stage"
        stage.mkdir(exist_ok=True)
        return in_new_mount_namespace(lambda: self._build(stage))[0]

    def _build(self, stage: Path) -> None:
        mount_devices(stage)
        for folder, inside in self._covers():
            cover(folder, inside, stage, mode=0o1777 if folder in _scratch() else 0o755)
        if self.sets_network:
            bind(_NETWORK_SETTINGS, _NETWORK_SETTINGS)
        set_read_only(Path("/"))
        writable = [self.folder, _SHARED_MEMORY, *_scratch(), *([_NETWORK_SETTINGS] if self.sets_network else [])]
        for each in writable:
            set_writable(each)

    def _covers(self) -> Iterator[tuple[Path, list[Path]]]:
        """The folders that are covered, and what is seen inside of each; the last one is where the stage lies."""
        covered = {*_scratch(), RUNTIME, *(closed_folders(self.seen) if self.past_closed_folders else ())}
        outermost = [each for each in covered if not any(other in each.parents for other in covered)]
        for folder in sorted(outermost, key=lambda each: each == RUNTIME):
            yield folder, [path for path in _outermost((*self.seen, self.folder)) if folder in path.parents]


def closed_folders(paths: Iterable[Path]) -> Iterator[Path]:
    """Of each path the first folder on the way to it that other users may not enter, if there is one."""
    for path in paths:
        ways = reversed(path.parents)
        yield from list(filter(lambda folder: not folder.stat().st_mode & 0o001, ways))[:1]


def mount_devices(stage: Path) -> None:
    """Have /dev be a few devices that any program may use, and shared memory of its own."""
    mount_tmpfs(stage, 0o755, FOLDER_BYTES)
    for name in filter(lambda name: Path("/dev", name).exists(), _DEVICES):
        (stage / name).touch()
        bind(Path("/dev", name), stage / name)
    for name, target in _STANDARD.items():
        (stage / name).symlink_to(target)
    (stage / _SHARED_MEMORY.name).mkdir()
    mount_tmpfs(stage / _SHARED_MEMORY.name, 0o1777, FOLDER_BYTES)
    move(stage, _SHARED_MEMORY.parent)


def cover(folder: Path, inside: Iterable[Path], stage: Path, mode: int) -> None:
    """Have a folder be empty but for these paths in it."""
    mount_tmpfs(stage, mode, FOLDER_BYTES)
    for path in inside:
        target = stage / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            target.mkdir()
        else:
            target.touch()
        bind(path, target)
    move(stage, folder)


def _scratch() -> list[Path]:
    return list(dict.fromkeys(Path(os.path.realpath(each)) for each in _SCRATCH if each.exists()))


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """Those of the paths that lie in no other of them."""
    every = dict.fromkeys(paths)
    return [path for path in every if not any(other in path.parents for other in every)]
