"""Which names the files of an archive may have. Pure."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipInfo

from scenarios.bundles.manifest import MANIFEST, RUN
from scenarios.language.relay_file import PROGRAM_FILE
from scenarios.language.wording import quoted

MOST_FILES = 20_000
MOST_BYTES = 8 << 30
"""Of all files of a bundle, unpacked."""

SUSPICIOUS_BYTES, MOST_DENSE = 256 << 20, 200
"""An archive with more than that is so many times as large unpacked, at most."""

_LONGEST, _DEEPEST = 255, 8
_ENCRYPTED = 1
_TYPES = (0, stat.S_IFREG)
"""Of the file types of an archive's entries: not told, and regular."""


def problem_of(entries: Sequence[ZipInfo]) -> str | None:
    """What is wrong with the entries of an archive; None if they can be unpacked into an empty folder."""
    if len(entries) > MOST_FILES:
        return f"it has {len(entries)} files, and a bundle has {MOST_FILES} at most"
    names = [entry.filename for entry in entries]
    if len({*names}) < len(names):
        return f"it has {quoted(next(name for name in names if names.count(name) > 1))} twice"
    folders = {str(parent) for name in names for parent in PurePosixPath(name).parents}
    if inside := folders & {*names}:
        return f"it has {quoted(min(inside))} both as a file and as a folder"
    if (found := sum(entry.file_size for entry in entries)) > MOST_BYTES:
        return f"it would be {found >> 20} MiB unpacked, and a bundle is {MOST_BYTES >> 20} MiB at most"
    if found > SUSPICIOUS_BYTES and found > MOST_DENSE * sum(entry.compress_size for entry in entries):
        return f"it would be {found >> 20} MiB unpacked, more than {MOST_DENSE} times what it is, as no run is"
    return next((problem for entry in entries for problem in _problems(entry)), None)


def is_plain(name: str) -> bool:
    """Whether a name is a path to below a folder, and nothing else."""
    parts = name.split("/")
    return (
        len(parts) <= _DEEPEST
        and all(0 < len(part.encode(errors="replace")) <= _LONGEST and part not in (".", "..") for part in parts)
        and "\\" not in name
        and name.isprintable()
    )


def _problems(entry: ZipInfo) -> Iterator[str]:
    name = quoted(entry.filename)
    if not is_plain(entry.filename) or not (entry.filename == MANIFEST or entry.filename.startswith(RUN)):
        yield f"it has {name}, which is no file of a run directory"
    elif entry.filename.split("/")[-1] == PROGRAM_FILE:
        yield f"it has {name}: a bundle has no relay programs"
    elif stat.S_IFMT(entry.external_attr >> 16) not in _TYPES:
        yield f"it has {name}, which is a link or a device"
    elif entry.flag_bits & _ENCRYPTED:
        yield f"{name} in it is encrypted"
    elif entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        yield f"{name} in it is compressed as no bundle is"
