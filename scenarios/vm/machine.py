"""How the virtual machine is started. Pure: paths and settings in, words out.

Its root file system is an image that it maps as memory, under a tmpfs that takes what is written. On the real clock
the host's own files are behind both; on the virtual clock the host has no part in it until the command has ended.
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
"""Files of the share: what the command and what the kernel prints, and how the command ended."""

SHARE_TAG, HOST_TAG = "share", "host"
"""Under which the machine can mount the share, and the host's root folder on the real clock."""

CLOCK_VARIABLE = "BLIPNET_CLOCK"
"""Tells a run in the machine what drives its clock."""

_DATE = "2030-01-01T00:00:00"
"""When every machine on the virtual clock starts, so that no date differs; and no file is from its future."""

_CPU = "max,avx=off,f16c=off,fma=off"
"""All that QEMU can emulate but AVX: with its AVX2 (7.2), numpy's argsort returns wrong orders, or does not return."""

_KERNEL_LINE = "console=ttyS0 quiet panic=-1"
_NOTHING_BY_CHANCE = "nokaslr norandmaps"


@dataclass(frozen=True, slots=True)
class Clock:
    """What drives the machine's clock.

    `virtual`: QEMU counts instructions, 2^`shift` ns each, on one CPU; while that is idle, time leaps to the next
    timer. What the machine takes for chance grows from `seed`. So the host's speed and load cannot show in any result.
    `real`: the host's clock.
    """

    kind: Literal["real", "virtual"] = "real"
    shift: int = 1
    seed: int = 1

    def __str__(self) -> str:
        return f"virtual, {1000 / 2**self.shift:g} million instructions a second" if self.kind == "virtual" else "real"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a machine is made of: an initramfs, a root file system, and the share, in which its output arrives."""

    kernel: Kernel
    initramfs: Path
    image: Path
    image_bytes: int
    share: Path


def boot_command(parts: Parts, clock: Clock, *, kvm: bool) -> list[str]:
    """The command that boots the machine, and ends when that is off."""
    virtual = clock.kind == "virtual"
    chance = f" {_NOTHING_BY_CHANCE}" if virtual else ""
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
        *(_counting(clock) if virtual else _running(kvm=kvm)),
    ]


def _counting(clock: Clock) -> Sequence[str]:
    """One emulated CPU, the same on every host, with a clock and a source of chance of the machine's own.

    QEMU is to record, although nobody wants the recording: only then does its main loop wait until the CPU has counted
    what it executed. Else it moves the clock now and then by some instructions, when the CPU has just become idle.
    """
    return (
        *("-accel", "tcg,thread=single", "-cpu", _CPU, "-smp", "1"),
        *("-icount", f"shift={clock.shift},sleep=off,rr=record,rrfile={os.devnull}"),
        *("-rtc", f"base={_DATE},clock=vm"),
        *("-seed", str(clock.seed)),
    )


def _running(*, kvm: bool) -> Sequence[str]:
    processor = ("-accel", "kvm", "-cpu", "host") if kvm else ("-accel", "tcg", "-cpu", _CPU)
    return (*processor, "-smp", str(REAL_CPUS), *_folder(HOST_TAG, Path("/"), read_only=True))


def _folder(tag: str, path: Path, *, read_only: bool) -> Sequence[str]:
    """A folder of the host's that the machine can mount under a tag."""
    settings = f"local,id={tag},path={_escaped(path)},security_model=none,multidevs=remap"
    return (
        *("-fsdev", f"{settings},readonly=on" if read_only else settings),
        *("-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"),
    )


def _escaped(path: Path) -> str:
    return str(path).replace(",", ",,")
