"""The project's sources as the machine gets them: one archive for each state of them, with their bytecode.

The same sources are the same archive, byte for byte: two machines that read different ones would not be in the same
state any more. What the host's own python left beside the sources is not in it.
"""

from __future__ import annotations

import hashlib
import io
import os
import py_compile
import tarfile
from collections.abc import Iterable, Iterator
from importlib.util import cache_from_source
from pathlib import Path
from tempfile import TemporaryDirectory

_LEFT_OUT = {"__pycache__", "runs"}
"""Besides what begins with a dot: folders of what running the project leaves behind."""


def source_archive(folder: Path, project: Path, loops: Path, others: Iterable[Path]) -> Path:
    """An archive in a folder of a project, its compiled loops, and other files or folders as they are.

    Paths are absolute, and times exact to what numba compares: it would compile again what looks changed.
    """
    sources = sorted(_sources(project))
    beside = sorted([*(path for path in loops.rglob("*") if path.is_file()), *others])
    archive = folder / f"sources-{_digest([*sources, *others], loops)}.tar"
    if not archive.exists():
        for older in folder.glob("sources-*.tar"):
            older.unlink()
        partial = archive.with_suffix(f".{os.getpid()}")
        _write(partial, sources, beside)
        partial.rename(archive)
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


def _write(target: Path, sources: Iterable[Path], beside: Iterable[Path]) -> None:
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive, TemporaryDirectory() as scratch:
        for path in (*sources, *beside):
            archive.add(path, filter=_owned_by_root)
        for path in (path for path in sources if path.suffix == ".py"):
            compiled = Path(scratch) / "bytecode"
            py_compile.compile(str(path), cfile=str(compiled), dfile=str(path), doraise=True)
            _add(archive, cache_from_source(str(path)), compiled.read_bytes())


def _owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name.lstrip("/"))
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))
