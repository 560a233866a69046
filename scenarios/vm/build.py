"""What a machine is made of, made ready on this host: kernel, file system, sources, and what it starts from."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from scenarios.debian_packages import packages_for
from scenarios.errors import MachineError
from scenarios.paths import PROJECT
from scenarios.vm.guest import SCRIPT, SOURCES, cpio, first_process, numbered, tools
from scenarios.vm.image import CHANGING, ENVIRONMENT, current_image, make_image
from scenarios.vm.kernel import ROOT_MODULES, SHARE_MODULES, Kernel, fetch_kernel, unpacked_kernel
from scenarios.vm.machine import Clock, Parts
from scenarios.vm.sources import source_archive

FOLDER = PROJECT / ".vm"
"""Where the kernel and the file system are, and what was found out about this host."""

ANY_CPU = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"

Tell = Callable[[str], None]
"""Somebody who is told what goes on, a line at a time."""


@dataclass(frozen=True, slots=True)
class MachineBuild:
    """What is the same for every machine: kernel and file system."""

    kernel: Kernel
    image: Path

    @classmethod
    def open(cls, tell: Tell) -> MachineBuild:
        """Make what is not there yet; MachineError if it cannot be had."""
        programs = [program for package in packages_for("vm") for program in package.programs]
        missing = [program for program in programs if shutil.which(program, path=PATH) is None]
        if missing:
            raise MachineError(f"no virtual machine without {', '.join(missing)}: run scripts/setup --vm")
        with _alone():
            kernel = unpacked_kernel(FOLDER)
            if kernel is None:
                tell("Fetching the distribution's kernel")
                kernel = fetch_kernel(FOLDER)
            image = current_image(FOLDER, kernel)
            if image is None:
                tell("Making the virtual machine's file system (about half a minute)")
                image = make_image(FOLDER, kernel)
        return cls(kernel, image)

    @contextmanager
    def parts(self, sources: bytes, script: str, clock: Clock) -> Iterator[Parts]:
        """The parts of one machine that is to run a script; what is its alone is in a folder that goes with it."""
        modules = (*ROOT_MODULES, *(SHARE_MODULES if clock.kind == "real" else ()))
        files = {
            **tools(PATH),
            **numbered(self.kernel.modules_for(modules)),
            "init": first_process(clock).encode(),
            SCRIPT: script.encode(),
            SOURCES: sources,
        }
        with TemporaryDirectory(prefix="blipnet-vm-") as folder:
            initramfs, share = Path(folder) / "initramfs", Path(folder) / "share"
            initramfs.write_bytes(cpio(files))
            share.mkdir()
            yield Parts(self.kernel, initramfs, self.image, self.image.stat().st_size, share)


def project_sources(reads: Sequence[Path], tell: Tell) -> bytes:
    """An archive of the project as it is now, with the loops for the machine's processor, and of files besides."""
    tell("Compiling the packet loops for the virtual machine, if that is still to be done")
    others = [ENVIRONMENT / name for name in CHANGING if (ENVIRONMENT / name).is_file()]
    with _alone():
        return source_archive(FOLDER, PROJECT, _loops_for_any_cpu(), [*others, *reads]).read_bytes()


@contextmanager
def _alone() -> Iterator[None]:
    """While others would make something ready in the same folder, they wait."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _loops_for_any_cpu() -> Path:
    """The compiled loops for a plain x86-64 processor, beside those for the host's: the emulated one is another."""
    compile_them = "import scenarios.run.preload, os; print(os.environ['NUMBA_CACHE_DIR'])"
    done = subprocess.run(
        [sys.executable, "-c", compile_them],
        cwd=PROJECT,
        env={**os.environ, **ANY_CPU},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise MachineError(f"the packet loops do not compile: {done.stderr.strip().splitlines()[-1]}")
    return Path(done.stdout.strip())
