"""The QEMU command line of the virtual machine. Pure.

The root file system is an image that is mapped as memory, below a tmpfs that takes what is written. On the real clock
the host's files lie below both. On the virtual clock no device depends on the host until the command has ended: the
time at which the host answers would show in the results.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scenarios.vm.kernel import Kernel

MEMORY_MIB = 3072
REAL_CPUS = 2

OUTPUT = "output"
EXIT_CODE = "exit-code"
CONSOLE = "console"
"""Files of the share: output of the command, its exit code, and output of the kernel."""

SHARE_TAG, HOST_TAG = "share", "host"
"""9p mount tags of the share and, on the real clock, of the host's root folder."""

CLOCK_VARIABLE = "BLIPNET_CLOCK"
"""Environment variable by which a run in the machine learns what drives its clock."""

_DATE = "2030-01-01T00:00:00"
"""Date at the start of each machine on the virtual clock: the same in every run, and later than every file's date."""

_CPU = "max,avx=off,f16c=off,fma=off"
"""All features that QEMU emulates except AVX: with its AVX2 (QEMU 7.2) numpy's argsort gives wrong orders or hangs."""

_KERNEL_LINE = "console=ttyS0 quiet panic=-1"
_NO_RANDOM_ADDRESSES = "nokaslr norandmaps"


@dataclass(frozen=True, slots=True)
class Clock:
    """What drives the machine's clock.

    `virtual`: QEMU counts instructions, 2^`shift` ns each, on one CPU; while it is idle, time jumps to the next timer.
    The kernel's random numbers are generated from `seed`: hash tables, port numbers and the like depend on them, and
    with these the number of instructions, hence time. So results depend on neither speed nor load of the host.
    `real`: the host's clock.
    """

    kind: Literal["real", "virtual"] = "real"
    shift: int = 1
    seed: int = 1

    @property
    def instructions_per_s(self) -> float:
        """What the CPU executes in a second of the virtual clock."""
        return 1e9 / (1 << self.shift)

    def __str__(self) -> str:
        per_s = f"{self.instructions_per_s / 1e6:g} million instructions a second"
        return f"virtual, {per_s}" if self.kind == "virtual" else "real"


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a machine. `image`: root file system, `image_bytes` long; `share`: folder for output and results."""

    kernel: Kernel
    initramfs: Path
    image: Path
    image_bytes: int
    share: Path


def boot_command(parts: Parts, clock: Clock, *, kvm: bool) -> list[str]:
    """The command that boots the machine; it ends when the machine powers off. `kvm`: use it, on the real clock.

    Addresses are not randomized on the virtual clock (`nokaslr norandmaps`), for the reason of `Clock.seed`.
    """
    virtual = clock.kind == "virtual"
    chance = f" {_NO_RANDOM_ADDRESSES}" if virtual else ""
    image = f"mem-path={_escaped(parts.image)},size={parts.image_bytes},share=on,readonly=on"
    most_mib = MEMORY_MIB + parts.image_bytes // 2**20 + 1024
    return [
        "qemu-system-x86_64",
        *("-nodefaults", "-no-user-config", "-no-reboot"),
        *("-display", "none"),
        *("-machine", "pc,nvdimm=on"),
        *("-m", f"{MEMORY_MIB}M,slots=1,maxmem={most_mib}M"),
        *("-object", f"memory-backend-file,id=root,{image}"),
        *("-device", "nvdimm,memdev=root,unarmed=on"),
        *("-kernel", str(parts.kernel.image)),
        *("-initrd", str(parts.initramfs)),
        *("-append", _KERNEL_LINE + chance),
        *("-serial", f"file:{parts.share / CONSOLE}"),
        *("-serial", f"file:{parts.share / OUTPUT}"),
        *_folder(SHARE_TAG, parts.share, read_only=False),
        *(_virtual_clock(clock) if virtual else _real_clock(kvm=kvm)),
    ]


def _virtual_clock(clock: Clock) -> Sequence[str]:
    """Options of the virtual clock: one emulated CPU, the same on every host, with fixed date and seed.

    rr=record is set for a side effect, and the recording discarded: only then does QEMU's main loop wait until the CPU
    has accounted for the instructions that it executed. Without it the loop now and then moves the clock by some
    instructions too few or too many when the CPU becomes idle, and two runs differ.
    """
    return (
        *("-accel", "tcg,thread=single", "-cpu", _CPU, "-smp", "1"),
        *("-icount", f"shift={clock.shift},sleep=off,rr=record,rrfile={os.devnull}"),
        *("-rtc", f"base={_DATE},clock=vm"),
        *("-seed", str(clock.seed)),
    )


def _real_clock(*, kvm: bool) -> Sequence[str]:
    processor = ("-accel", "kvm", "-cpu", "host") if kvm else ("-accel", "tcg", "-cpu", _CPU)
    return (*processor, "-smp", str(REAL_CPUS), *_folder(HOST_TAG, Path("/"), read_only=True))


def _folder(tag: str, path: Path, *, read_only: bool) -> Sequence[str]:
    """Options for a folder of the host that the machine can mount (9p) by a tag."""
    settings = f"local,id={tag},path={_escaped(path)},security_model=none,multidevs=remap"
    return (
        *("-fsdev", f"{settings},readonly=on" if read_only else settings),
        *("-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"),
    )


def _escaped(path: Path) -> str:
    return str(path).replace(",", ",,")
