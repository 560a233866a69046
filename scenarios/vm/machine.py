"""How the virtual machine is started, and what it does first. Pure: paths and settings in, words out.

virtme-ng boots the kernel on the host's own files, read-only over 9p, with tmpfs where something must be written.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hostio.virtual_clock import BUSY_VARIABLE
from scenarios.vm.kernel import MODULES, Kernel

MEMORY = "3G"
REAL_CPUS = 2

SCRIPT = "script.sh"
OUTPUT = "output"
EXIT_CODE = "exit-code"
CONSOLE = "console"
"""Files of the share, which host and guest both see."""

CLOCK_VARIABLE = "BLIPNET_CLOCK"
"""Tells a run in the machine what drives its clock."""

_PROGRAMS = ("ovs-vswitchd", "ovsdb-server", "ovs-vsctl", "ovs-ofctl", "redis-server", "tc", "ip", "python3")
_INTO_MEMORY = 'path=$(readlink -f "$(command -v $program)") && touch -c "$path" $(ldd "$path" | grep -o "/[^ ]*")'
"""Folders of the distribution are an overlay in the machine: a file that is touched is copied into its memory."""

_BUSY_LOCK = "/tmp/busy-clock"  # noqa: S108 - the guest's own tmpfs
_GUEST_CACHE = "/tmp/numba-cache"  # noqa: S108 - the guest's own tmpfs


@dataclass(frozen=True, slots=True)
class Clock:
    """What drives the machine's clock.

    `virtual`: QEMU counts instructions, 2^`shift` ns each, on one CPU; while that is idle, time leaps to the next
    timer. So the host's speed and load cannot show in any result. `real`: the host's clock.
    """

    kind: Literal["real", "virtual"] = "real"
    shift: int = 1

    def __str__(self) -> str:
        return f"virtual, {1000 / 2**self.shift:g} million instructions a second" if self.kind == "virtual" else "real"


def boot_command(kernel: Kernel, share: Path, clock: Clock, *, kvm: bool) -> list[str]:
    """The command that boots the machine, has it obey the share's script, and ends when that is done."""
    virtual = clock.kind == "virtual"
    accelerated = [] if kvm and not virtual else ["--disable-kvm"]
    counting = [f"--qemu-opts=-icount shift={clock.shift},sleep=off"] if virtual else []
    return [
        "vng",
        *("--run", str(kernel.image)),
        *("--user", "root"),
        "--verbose",
        *accelerated,
        *("--cpus", str(1 if virtual else REAL_CPUS)),
        *("--memory", MEMORY),
        *counting,
        *("--rwdir", str(share)),
        *("--exec", f"sh {shlex.quote(str(share / SCRIPT))}"),
    ]


@dataclass(frozen=True, slots=True)
class Task:
    """A command for the machine; `out`: a folder of the host's into which it writes, kept in memory until its end."""

    argv: tuple[str, ...]
    out: Path | None = None


def guest_script(
    share: Path, project: Path, task: Task, clock: Clock, variables: Mapping[str, str], loops: Path | None
) -> str:
    """What the machine does: load modules, put what must be fast in memory, run the command, tell how it ended."""
    return "\n".join(
        (
            f"exec </dev/null >{_quoted(share / OUTPUT)} 2>&1",
            "PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin",
            f'for module in {" ".join(MODULES)}; do modprobe "$module" || echo "the kernel has no $module"; done',
            "ip link set lo up",
            *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
            f"export {CLOCK_VARIABLE}={shlex.quote(str(clock))}",
            *(_busy_clock(project) if clock.kind == "virtual" else ()),
            *(_loops(loops) if loops else ()),
            *((f"mount -t tmpfs tmpfs {_quoted(task.out)}",) if task.out else ()),
            f"cd {_quoted(project)}",
            shlex.join(task.argv),
            "code=$?",
            *((f"cp -r {_quoted(task.out)} {_quoted(share / task.out.name)}",) if task.out else ()),
            f"echo $code >{_quoted(share / EXIT_CODE)}",
            "",
        )
    )


def _busy_clock(project: Path) -> Sequence[str]:
    spinner = project / "scenarios" / "vm" / "busy_clock.py"
    return (
        "echo 0 >/proc/sys/kernel/randomize_va_space",
        f"for program in {' '.join(_PROGRAMS)}; do {_INTO_MEMORY}; done",
        f"python3 -S {_quoted(spinner)} {_BUSY_LOCK} &",
        f"export {BUSY_VARIABLE}={_BUSY_LOCK}",
    )


def _loops(compiled: Path) -> Sequence[str]:
    """numba must be able to write beside what it reads."""
    return (f"cp -r {_quoted(compiled)} {_GUEST_CACHE}", f"export NUMBA_CACHE_DIR={_GUEST_CACHE}")


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
