"""Where libraries keep what they compute once: in the project's environment, whatever HOME is.

An environment that this user may not write, as that of a read-only checkout, is used all the same: numba and matplotlib
insist on folders that they can write, so they get private ones that show the kept files by links.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp


def cache_folder(name: str) -> Path:
    """The folder `name` in the environment or, if this user may not write all of it, a private one of its contents."""
    kept = Path(sys.prefix) / name
    return kept if _writable(kept) else shown(kept, private_folder(Path(gettempdir())))


def _writable(folder: Path) -> bool:
    """Whether a folder and all folders in it are writable; of one that is not there, the folder that would hold it."""
    while not folder.exists():
        folder = folder.parent
    return all(os.access(found, os.W_OK | os.X_OK) for found, _, _ in os.walk(folder))


def private_folder(place: Path) -> Path:
    """This user's folder in `place`, which others may write too; a new one, if somebody has taken its name."""
    user = os.geteuid()
    folder = place / f"blipnet-{user}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    safe = stat.S_ISDIR(found.st_mode) and found.st_uid == user and not found.st_mode & 0o022
    return folder if safe else Path(mkdtemp(prefix="blipnet-", dir=place))


def shown(kept: Path, place: Path) -> Path:
    """A folder in `place` whose files are links to those of `kept`; a file written there replaces its link."""
    shown = place / hashlib.sha256(bytes(kept)).hexdigest()[:16]
    if not shown.exists():
        partial = Path(mkdtemp(dir=place))
        for file in kept.rglob("*"):
            link = partial / file.relative_to(kept)
            link.mkdir() if file.is_dir() else link.symlink_to(file)
        try:
            partial.rename(shown)
        except OSError:  # another process was faster
            return partial
    return shown
