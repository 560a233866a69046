"""Builds the parts of a virtual machine on this host: kernel, root file system, archive of sources, initramfs."""

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
"""Where kernel, file system image and archives are kept, and whether KVM works on this host."""

ANY_CPU = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"

PrintLine = Callable[[str], None]
"""Prints a line of progress or output for the user."""


@dataclass(frozen=True, slots=True)
class MachineBuild:
    """The parts that all machines share: kernel and root file system."""

    kernel: Kernel
    image: Path

    @classmethod
    def open(cls, print_line: PrintLine) -> MachineBuild:
        """Build the parts that are missing or out of date; MachineError if one cannot be built."""
        programs = [program for package in packages_for("vm") for program in package.programs]
        missing = [program for program in programs if shutil.which(program, path=PATH) is None]
        if missing:
            raise MachineError(f"no virtual machine without {', '.join(missing)}: run scripts/setup --vm")
        with _locked():
            kernel = unpacked_kernel(FOLDER)
            if kernel is None:
                print_line("Fetching the distribution's kernel")
                kernel = fetch_kernel(FOLDER)
            image = current_image(FOLDER, kernel)
            if image is None:
                print_line("Making the virtual machine's file system (about half a minute)")
                image = make_image(FOLDER, kernel)
        return cls(kernel, image)

    @contextmanager
    def parts(self, sources: bytes, script: str, clock: Clock) -> Iterator[Parts]:
        """The parts of one machine, which runs `script`; initramfs and share are removed at the end of the block.

        On the virtual clock the modules of the share are loaded only after the command has ended (`guest_script`).
        """
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


def project_sources(reads: Sequence[Path], print_line: PrintLine) -> bytes:
    """A tar archive of the project as it is now, its loops compiled for the machine's CPU, and the files `reads`."""
    print_line("Compiling the packet loops for the virtual machine, if that is still to be done")
    others = [ENVIRONMENT / name for name in CHANGING if (ENVIRONMENT / name).is_file()]
    with _locked():
        return source_archive(FOLDER, PROJECT, _loops_for_any_cpu(), [*others, *reads]).read_bytes()


@contextmanager
def _locked() -> Iterator[None]:
    """Hold the lock of FOLDER: two processes must not build the same part at the same time. MachineError if this user
    cannot write there."""
    try:
        FOLDER.mkdir(exist_ok=True)
        lock = (FOLDER / "lock").open("w")
    except OSError as error:
        raise MachineError(f"no virtual machine without a place for its parts: {FOLDER}: {error.strerror}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _loops_for_any_cpu() -> Path:
    """The cache folder of the loops compiled for generic x86-64; MachineError if they do not compile.

    Loops compiled for the host's CPU may use instructions that the emulated one does not have.
    """
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
