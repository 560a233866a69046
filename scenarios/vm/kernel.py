"""The distribution's own plain kernel, fetched as a package and unpacked beside the project."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from scenarios.errors import MachineError
from topologies.commands import CommandError, run_in

MODULES = ("sch_netem", "sch_tbf", "sch_ingress", "cls_bpf", "act_gact", "veth", "openvswitch", "tun")
"""What a run in the machine uses. Cloud kernels lack 9p, by which the machine sees the host's files."""

_META_PACKAGES = ("linux-image-amd64", "linux-image-generic")
_DEPENDENCY = re.compile(r"Depends: (linux-image-[\w.+-]+)")
_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


@dataclass(frozen=True, slots=True)
class Kernel:
    """An unpacked kernel: its image, with its modules where the image's own tree has them."""

    image: Path

    @property
    def release(self) -> str:
        """As `uname -r` says it."""
        return self.image.name.removeprefix("vmlinuz-")


def unpacked_kernel(folder: Path) -> Kernel | None:
    """The kernel that was unpacked there, if one was."""
    images = sorted(folder.glob("root/boot/vmlinuz-*"))
    return Kernel(images[-1]) if images else None


def fetch_kernel(folder: Path) -> Kernel:
    """Fetch and unpack the kernel that this distribution would install; MachineError if it cannot be had."""
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
        run_in(packages, [_depmod(), "--basedir", str(root), image.removeprefix("linux-image-")])
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
    """Debian's image holds its modules; Ubuntu has them in packages of their own."""
    release = image.removeprefix("linux-image-")
    known = run_in(Path("/"), ["apt-cache", "pkgnames", "linux-modules"]).split()
    return [image, *(name for name in (f"linux-modules-{release}", f"linux-modules-extra-{release}") if name in known)]


def _depmod() -> str:
    found = shutil.which("depmod", path=_PATH)
    if found is None:
        raise MachineError("depmod is missing; install kmod")
    return found
