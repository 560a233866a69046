"""Bundles as files: a zip archive of the files of a run directory, and of a manifest with their digests.

One that is read may be anybody's: nothing of it is trusted before it was checked, and what is unpacked are regular
files below a new folder, no larger than the archive says.
"""

from __future__ import annotations

import hashlib
import shutil
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from hostio.files import naming, replacing
from results.run_files import documents
from results.run_files.document_error import DocumentError
from scenarios.bundles.manifest import FORMAT, MANIFEST, RUN, Content, Manifest
from scenarios.bundles.names import is_plain, problem_of
from scenarios.errors import ScenarioError
from scenarios.language.wording import quoted

SUFFIX = ".bundle"

_MAGIC = b"PK\x03\x04"
_CHUNK = 1 << 20
_MOST_MANIFEST = 8 << 20
_COMPRESSED = (".parquet", ".png")
_UNREADABLE = (BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
"""What the library raises, in reading, of archives that are broken or forged."""


def is_bundle(path: Path) -> bool:
    """Whether a file is to be read as a bundle: by its name, or by how it begins."""
    if path.suffix == SUFFIX:
        return True
    try:
        with path.open("rb") as file:
            return path.is_file() and file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def files_in(folder: Path) -> dict[str, Path]:
    """The regular files in a folder that a bundle can have, by path from there; links are left out."""
    found = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*"))}
    return {name: path for name, path in found.items() if path.is_file() and not path.is_symlink() and is_plain(name)}


def write_bundle(target: Path, files: Mapping[str, Path], about: Manifest) -> Manifest:
    """Write the files of a run directory as a bundle, whole or not at all; the manifest with their digests. OSError."""
    digests = {RUN + name: Content(path.stat().st_size, _digest(path)) for name, path in files.items()}
    manifest = Manifest(about.format, about.blipnet, about.scenario, about.seed, about.redacted, digests)
    with replacing(target) as partial, naming(target), ZipFile(partial, "x") as archive:
        archive.writestr(_entry(MANIFEST), documents.dump(manifest))
        for name, path in files.items():
            with path.open("rb") as source, archive.open(_entry(RUN + name), "w", force_zip64=True) as copy:
                shutil.copyfileobj(source, copy, _CHUNK)
    return manifest


def _entry(name: str) -> ZipInfo:
    """Without a time, an owner or an attribute of this machine's."""
    entry = ZipInfo(name)
    entry.compress_type = ZIP_STORED if name.endswith(_COMPRESSED) else ZIP_DEFLATED
    entry.external_attr = 0o100644 << 16
    return entry


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


def unpack(path: Path, folder: Path) -> Manifest:
    """Unpack a bundle's run directory into an empty folder. ScenarioError, one line, if it is no bundle, is broken, or
    would do harm; OSError if the folder does not take it."""
    if not path.is_file():
        raise ScenarioError(str(path), "there is no such file; bundle RUN_DIR writes one", None)
    with _reading(path), ZipFile(path) as archive:
        entries = archive.infolist()
        if problem := problem_of(entries):
            raise _refused(path, problem)
        manifest = _manifest(path, archive)
        _require_room(path, sum(entry.file_size for entry in entries), folder)
        for name, content in manifest.files.items():
            _unpack(path, archive, name, content, folder)
    return manifest


def _refused(path: Path, problem: str) -> ScenarioError:
    return ScenarioError(str(path), f"{problem}; bundle RUN_DIR writes one that can be read", None)


class _WriteError(Exception):
    """An OSError of writing, which is no fault of the archive."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error)
        self.error = error


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what is raised of a broken archive into a ScenarioError."""
    try:
        yield
    except _WriteError as error:
        raise error.error from None
    except _UNREADABLE as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is no bundle, or was cut off"
        raise _refused(path, why) from None


def _manifest(path: Path, archive: ZipFile) -> Manifest:
    names = {entry.filename: entry.file_size for entry in archive.infolist()}
    if names.get(MANIFEST, _MOST_MANIFEST + 1) > _MOST_MANIFEST:
        raise _refused(path, f"it is an archive without a {MANIFEST} of ours")
    try:
        found = documents.load(Manifest, archive.read(MANIFEST), MANIFEST)
    except DocumentError as error:
        raise _refused(path, str(error)) from None
    if found.format != FORMAT:
        raise _refused(path, f"it is of format {found.format}, and this version reads {FORMAT}")
    del names[MANIFEST]
    if {name: content.bytes for name, content in found.files.items()} != names:
        raise _refused(path, f"its files are not those that its {MANIFEST} lists")
    return found


def _require_room(path: Path, needed: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise ScenarioError(
            str(path), f"it takes {needed >> 20} MiB unpacked, and {free >> 20} MiB are free at {folder}", None
        )


def _unpack(path: Path, archive: ZipFile, name: str, content: Content, folder: Path) -> None:
    """Unpack a file. What is written is no longer than listed: a longer one is refused with its first chunk more."""
    target, digest, length = folder / name.removeprefix(RUN), hashlib.sha256(), 0
    with archive.open(name) as source, _new(target) as copy:
        while chunk := source.read(_CHUNK):
            length += len(chunk)
            if length > content.bytes:
                break
            digest.update(chunk)
            _write(copy, chunk)
    if (length, digest.hexdigest()) != (content.bytes, content.sha256):
        raise _refused(path, f"{quoted(name)} in it is not what its {MANIFEST} says")


@contextmanager
def _new(target: Path) -> Iterator[IO[bytes]]:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        file = target.open("xb")
    except OSError as error:
        raise _WriteError(error) from error
    with file:
        yield file


def _write(copy: IO[bytes], chunk: bytes) -> None:
    try:
        copy.write(chunk)
    except OSError as error:
        raise _WriteError(error) from error
