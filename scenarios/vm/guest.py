"""The scripts that the virtual machine runs, from its first process on, and the archive in which it finds them. Pure,
but for `tools`, which reads programs of this host."""

from __future__ import annotations

import re
import shlex
import shutil
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hostio.commands import run
from hostio.realtime import RealtimePriority
from scenarios.vm.kernel import MODULES, SHARE_MODULES
from scenarios.vm.machine import EXIT_CODE, HOST_TAG, SHARE_TAG, Clock

_LIBRARY = re.compile(r"(/\S+) \(0x")
_ALIGNED = 4


def cpio(files: Mapping[str, bytes]) -> bytes:
    """A cpio archive (newc format) of executable files, by path without leading slash, and of their parent folders."""
    folders = {str(parent): b"" for name in files for parent in Path(name).parents if str(parent) != "."}
    entries = [_member(name, stat.S_IFDIR | 0o755, b"") for name in sorted(folders)]
    entries += [_member(name, stat.S_IFREG | 0o755, content) for name, content in files.items()]
    return b"".join((*entries, _member("TRAILER!!!", 0, b"")))


def tools(path: str) -> dict[str, bytes]:
    """busybox and kmod, found on `path`, with the libraries of the latter, by their paths in the initramfs."""
    busybox, kmod = (str(shutil.which(program, path=path)) for program in ("busybox", "kmod"))
    libraries = _LIBRARY.findall(run(["ldd", kmod]))
    return {
        "bin/busybox": Path(busybox).read_bytes(),
        "bin/insmod": Path(kmod).read_bytes(),
        **{library.lstrip("/"): Path(library).read_bytes() for library in libraries},
    }


def numbered(modules: Iterable[Path]) -> dict[str, bytes]:
    """Modules by names that sort in the given order, in which they must be loaded."""
    return {f"modules/{number:02}-{path.name}": path.read_bytes() for number, path in enumerate(modules)}


def _member(name: str, mode: int, content: bytes) -> bytes:
    """One file of the archive; the header's fields are magic, inode, mode, owner, group, links, time, size, four device
    numbers, length of the name, and checksum."""
    fields = (0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + "".join(f"{field:08X}" for field in fields).encode() + name.encode() + b"\0"
    return _padded(head) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % _ALIGNED)


SCRIPT = "script"
SOURCES = "sources.tar"
"""Files of the initramfs that are moved to the root of the new file system."""

_NINE_P = "-t 9p -o trans=virtio,version=9p2000.L,msize=512000"
_IN_NEW_ROOT = ("proc", "sys", "dev")
_OVERLAY = "upperdir=/written/upper,workdir=/written/work"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SERIAL = "/dev/ttyS1"


@dataclass(frozen=True, slots=True)
class Task:
    """A command for the machine. `out`: a folder in the machine, on a tmpfs, that is copied to the share after it.

    `reads`: files of the host that it needs besides the project's.
    """

    argv: tuple[str, ...]
    out: Path | None = None
    reads: tuple[Path, ...] = ()


def first_process(clock: Clock) -> str:
    """The script of process 1: mounts the root file system and runs the guest script there. A failed step ends the
    machine.

    What is written goes to a tmpfs above the image, by an overlay; on the real clock the host's files lie below both.
    """
    host = clock.kind == "real"
    return "\n".join(
        (
            "#!/bin/busybox sh",
            "set -e",
            'mount() { /bin/busybox mount "$@"; }',
            f"/bin/busybox mkdir -p {' '.join((*_IN_NEW_ROOT, 'image', 'host', 'written', 'new'))}",
            "mount -t proc proc /proc",
            "mount -t sysfs sysfs /sys",
            "mount -t devtmpfs dev /dev",
            "for module in /modules/*; do /bin/insmod $module; done",
            "mount -t ext4 -o ro /dev/pmem0 /image",
            *((f"mount {_NINE_P},ro {HOST_TAG} /host",) if host else ()),
            "mount -t tmpfs written /written",
            "/bin/busybox mkdir /written/upper /written/work",
            f"mount -t overlay -o lowerdir=/image{':/host' if host else ''},{_OVERLAY} root /new",
            *(f"mount -o move /{folder} /new/{folder}" for folder in _IN_NEW_ROOT),
            f"/bin/busybox mv /{SCRIPT} /{SOURCES} /new/",
            f"exec /bin/busybox switch_root /new /bin/sh /{SCRIPT}",
            "",
        )
    )


def guest_script(project: Path, task: Task, variables: Mapping[str, str]) -> str:
    """The script that loads modules, runs the command, copies its results to the share, and powers the machine off.

    ksoftirqd gets the real-time priority of links: at its ordinary priority a busy relay, which has a real-time one,
    would keep the kernel from receiving packets. The share is mounted after the command: its 9p requests are answered
    by the host, whose speed must not show on a virtual clock.
    """
    out = shlex.quote(str(task.out)) if task.out else ""
    return "\n".join(
        (
            f"export PATH={_PATH} HOME=/root",
            *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
            "mkdir -p /dev/pts /dev/shm /share",
            "mount -t devpts -o ptmxmode=666 pts /dev/pts",
            "for folder in /dev/shm /run; do mount -t tmpfs tmpfs $folder; done",
            "mkdir /run/lock",
            "mount -t cgroup2 cgroup /sys/fs/cgroup",
            f"stty -F {_SERIAL} raw",
            f"tar --extract --file /{SOURCES} --directory / && rm /{SOURCES}",
            f"for module in {' '.join(MODULES)}; do",
            f"    modprobe $module || echo the kernel has no $module >{_SERIAL}",
            "done",
            "ip link set lo up",
            "for task in /proc/[0-9]*; do",
            "    read name <$task/comm || continue",
            f"    case $name in ksoftirqd/*) chrt --fifo --pid {int(RealtimePriority.LINK)} ${{task#/proc/}};; esac",
            "done",
            *((f"mkdir -p {out} && mount -t tmpfs tmpfs {out}",) if out else ()),
            f"cd {shlex.quote(str(project))}",
            f"{{ {shlex.join(task.argv)}; echo $? >/{EXIT_CODE}; }} </dev/null 2>&1 | cat >{_SERIAL}",
            f"modprobe --all {' '.join(SHARE_MODULES)}",
            f"mount {_NINE_P} {SHARE_TAG} /share",
            *((f"cp -r {out} /share/",) if out else ()),
            f"cp /{EXIT_CODE} /share/ && sync",
            "echo o >/proc/sysrq-trigger",
            "sleep 60",
            "",
        )
    )
