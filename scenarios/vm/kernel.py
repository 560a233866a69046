"""The distribution's kernel: its package is downloaded by apt-get and unpacked in a folder of the project."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hostio.commands import CommandError, run, run_in
from scenarios.errors import MachineError

MODULES = ("sch_netem", "sch_tbf", "sch_ingress", "cls_bpf", "act_gact", "veth", "openvswitch", "tun")
"""Modules that a run in the machine uses."""

ROOT_MODULES = ("nfit", "nd_pmem", "ext4", "overlay")
"""Modules that the root file system needs, loaded by the initramfs."""

SHARE_MODULES = ("virtio_pci", "9pnet_virtio", "9p")
"""Modules of virtio and 9p, by which the machine reads and writes the host's files. Cloud kernels lack them."""

_META_PACKAGES = ("linux-image-amd64", "linux-image-generic")
_DEPENDENCY = re.compile(r"Depends: (linux-image-[\w.+-]+)")
_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


@dataclass(frozen=True, slots=True)
class Kernel:
    """An unpacked kernel. `image`: vmlinuz, in the tree that also holds its modules."""

    image: Path

    @property
    def release(self) -> str:
        """The release, as `uname -r` prints it."""
        return self.image.name.removeprefix("vmlinuz-")

    @property
    def root(self) -> Path:
        """The folder into which its packages were unpacked."""
        return self.image.parent.parent

    @property
    def modules(self) -> Path:
        """The folder of its modules."""
        places = [self.root / folder / self.release for folder in ("lib/modules", "usr/lib/modules")]
        return next((place for place in places if place.is_dir()), places[0])

    def modules_for(self, names: Iterable[str]) -> list[Path]:
        """The files of modules, each after those that it depends on; built-in ones have none. CommandError if a module
        is unknown."""
        settings = ["--dirname", str(self.modules.parents[2]), "--set-version", self.release, "--show-depends", "--all"]
        lines = run([_program("modprobe"), *settings, *names]).splitlines()
        return list(dict.fromkeys(Path(line.split()[1]) for line in lines if line.startswith("insmod ")))


def unpacked_kernel(folder: Path) -> Kernel | None:
    """The kernel that was unpacked in `folder`; None if there is none."""
    images = sorted(folder.glob("root/boot/vmlinuz-*"))
    return Kernel(images[-1]) if images else None


def fetch_kernel(folder: Path) -> Kernel:
    """Download and unpack the kernel that this distribution would install; MachineError.

    The tree is renamed into place at the end, so that a download that was cut off is not taken for a kernel.
    """
    partial = folder / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    packages, root = partial / "packages", partial / "root"
    packages.mkdir(parents=True)
    try:
        image = _image_package()
        for package in _package_and_its_modules(image):
            run_in(packages, ["apt-get", "download", "-qq", package])
        for archive in packages.glob("*.deb"):
            run_in(packages, ["dpkg-deb", "--extract", str(archive), str(root)])
        run_in(packages, [_program("depmod"), "--basedir", str(root), image.removeprefix("linux-image-")])
    except CommandError as error:
        raise MachineError(f"no kernel for the virtual machine: {error}") from error
    shutil.rmtree(packages)
    shutil.rmtree(folder / "root", ignore_errors=True)
    root.rename(folder / "root")
    partial.rmdir()
    kernel = unpacked_kernel(folder)
    if kernel is None:
        raise MachineError(f"no kernel for the virtual machine: {image} holds none")
    return kernel


def _image_package() -> str:
    for meta in _META_PACKAGES:
        found = _DEPENDENCY.search(run_in(Path("/"), ["apt-cache", "depends", meta]))
        if found:
            return found[1]
    raise MachineError(f"no kernel for the virtual machine: apt knows none of {', '.join(_META_PACKAGES)}")


def _package_and_its_modules(image: str) -> list[str]:
    """Names of the packages of a kernel: Debian's image package holds the modules, Ubuntu has separate ones."""
    release = image.removeprefix("linux-image-")
    known = run_in(Path("/"), ["apt-cache", "pkgnames", "linux-modules"]).split()
    return [image, *(name for name in (f"linux-modules-{release}", f"linux-modules-extra-{release}") if name in known)]


def _program(name: str) -> str:
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise MachineError(f"{name} is missing; install kmod")
    return found
