"""The machine's root file system: an ext4 image of those files of this host that the project needs.

The machine has it as memory (an NVDIMM), not as a disk: a disk request completes when the host's disk has served it,
and on the virtual clock the host's speed would change results. Mapping also avoids copying it at each start.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from hostio.commands import CommandError, run_in
from hostio.files import replacing
from scenarios.errors import MachineError
from scenarios.vm.kernel import Kernel
from scenarios.vm.packages import Package, files_of, installed_packages

ENVIRONMENT = Path(sys.prefix)
CHANGING = ("numba-cache", "compiled", "installed")
"""Parts of .venv that change often: they are in the archive of sources, and not in the image."""

_LAYOUT = 1
"""Version of the image's contents; to be raised when this code puts other files into it."""

_MOUNT_POINTS = ("proc", "sys", "dev", "run", "tmp", "var/tmp", "root", "host")
_BLOCK = 2 * 1024 * 1024
_SPARE = 1.15
_FIXED_UUID = "6c1d0f52-37a8-4d1b-9a54-000000000001"
_OPTIONS = ("-O", "^has_journal,^resize_inode", "-m", "0", "-b", "4096", "-U", _FIXED_UUID)
_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def current_image(folder: Path, kernel: Kernel) -> Path | None:
    """The image in `folder` that matches this host's packages, environment and `kernel`; None if there is none.

    MachineError without dpkg.
    """
    image = folder / _name(kernel, _packages())
    return image if image.exists() else None


def make_image(folder: Path, kernel: Kernel) -> Path:
    """Make the image, which takes half a minute, and delete older ones; MachineError.

    UUID and hash seed of the file system are fixed, so that the same files give the same image.
    """
    packages = _packages()
    image, stage = folder / _name(kernel, packages), folder / f"stage-{os.getpid()}"
    try:
        root = _staged(stage, kernel, packages)
        size = -(-int(_bytes_in(root) * _SPARE) // _BLOCK) * _BLOCK
        seed = f"hash_seed={_FIXED_UUID},root_owner=0:0"
        with replacing(image) as partial:
            partial.touch(mode=0o644)
            os.truncate(partial, size)
            run_in(folder, [_mke2fs(), "-q", "-F", "-t", "ext4", *_OPTIONS, "-E", seed, "-d", str(root), str(partial)])
            for older in folder.glob("root-*.img"):
                older.unlink()
    except (CommandError, OSError) as error:
        raise MachineError(f"no file system for the virtual machine: {error}") from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return image


def _packages() -> list[Package]:
    try:
        return installed_packages()
    except CommandError as error:
        raise MachineError(f"no file system for the virtual machine: {error}") from error


def _name(kernel: Kernel, packages: Iterable[Package]) -> str:
    libraries = next(ENVIRONMENT.glob("lib/python3*/site-packages"))
    facts = [_LAYOUT, kernel.release, ENVIRONMENT, libraries.stat().st_mtime_ns]
    facts += [f"{package.name} {package.version}" for package in packages]
    return f"root-{hashlib.sha256(repr(facts).encode()).hexdigest()[:16]}.img"


def _staged(root: Path, kernel: Kernel, packages: Iterable[Package]) -> Path:
    modules = root / "usr" / "lib" / "modules"
    for made in (modules, *(root / point for point in _MOUNT_POINTS)):
        made.mkdir(parents=True)
    environment = [path for path in sorted(ENVIRONMENT.iterdir()) if path.name not in CHANGING]
    for some in _in_batches([*files_of(packages), Path("/var/lib/dpkg/status"), *environment]):
        run_in(Path("/"), ["cp", "--archive", "--parents", "--target-directory", str(root), *map(str, some)])
    run_in(Path("/"), ["cp", "--archive", "--target-directory", str(modules), str(kernel.modules)])
    return root


def _in_batches(paths: list[Path], size: int = 1000) -> Iterator[list[Path]]:
    return (paths[start : start + size] for start in range(0, len(paths), size))


def _bytes_in(root: Path) -> int:
    return int(run_in(root, ["du", "--summarize", "--bytes", "."]).split()[0])


def _mke2fs() -> str:
    found = shutil.which("mke2fs", path=_PATH)
    if found is None:
        raise MachineError("mke2fs is missing; install e2fsprogs")
    return found
