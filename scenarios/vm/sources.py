"""The tar archive of the project's sources and their bytecode from which the machine unpacks them.

The same sources give the same archive, byte for byte, because on the virtual clock everything that a machine reads
changes what it executes. Bytecode is therefore compiled anew, and not taken from the host's __pycache__ folders.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hostio.files import replacing

_LEFT_OUT = {"__pycache__", "runs"}
"""Folders that running the project creates; names that begin with a dot are left out too."""


def source_archive(folder: Path, project: Path, loops: Path, others: Iterable[Path]) -> Path:
    """The archive, in `folder`, of a project, its compiled loops and other files or folders; older ones are deleted.

    Paths are absolute, and file times have fractions of a second (PAX format): numba compares both with its cache, and
    would compile loops again.
    """
    sources = sorted(_sources(project))
    beside = sorted([*(path for path in loops.rglob("*") if path.is_file()), *others])
    archive = folder / f"sources-{_digest([*sources, *others], loops)}.tar"
    if not archive.exists():
        for older in folder.glob("sources-*.tar"):
            older.unlink()
        with replacing(archive) as partial:
            _write(partial, sources, beside)
    return archive


def _sources(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name in _LEFT_OUT:
            continue
        if path.is_dir():
            yield from _sources(path)
        elif path.is_file():
            yield path


def _digest(files: Iterable[Path], loops: Path) -> str:
    digest = hashlib.sha256(repr(loops).encode())
    for file in files:
        digest.update(repr((str(file), file.stat().st_mtime_ns)).encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _write(target: Path, sources: Sequence[Path], beside: Iterable[Path]) -> None:
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive, TemporaryDirectory() as scratch:
        for path in (*sources, *beside):
            archive.add(path, filter=_owned_by_root)
        _compile([path for path in sources if path.suffix == ".py"], Path(scratch))
        for path in sorted(Path(scratch).rglob("*.pyc")):
            folder = path.parent.relative_to(scratch) / "__pycache__"
            _add(archive, str(folder / path.name), path.read_bytes())


def _compile(sources: Sequence[Path], scratch: Path) -> None:
    """Compile in a new interpreter with a fixed hash seed: bytecode depends on the state of the one that compiles."""
    argv = [sys.executable, "-S", "-B", "-X", f"pycache_prefix={scratch}", "-m", "compileall", "-q", "-i", "-"]
    names = "\n".join(map(str, sources))
    subprocess.run(argv, input=names, env={"PYTHONHASHSEED": "0"}, text=True, check=True)


def _owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))
