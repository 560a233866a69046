"""To whom the files belong that root makes for somebody else: to the owner of the folder in which it makes them.

So that a run without root works after one with sudo, in the same checkout and with the same folder of results.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Owner:
    """A user other than root, and his group, by number."""

    user: int
    group: int


def owner_beside_root(folder: Path) -> Owner | None:
    """The owner of a folder, if this process is root and he is not; else None."""
    owned = folder.stat()
    return Owner(owned.st_uid, owned.st_gid) if os.geteuid() == 0 and owned.st_uid != 0 else None


def sudo_caller() -> Owner | None:
    """The user who called sudo, if this process is root by that (sudo(8)); else None."""
    user, group = os.environ.get("SUDO_UID", "0"), os.environ.get("SUDO_GID", "0")
    return Owner(int(user), int(group)) if os.geteuid() == 0 and int(user) != 0 else None


def give(top: Path, owner: Owner, *, leaving_out: Collection[Path] = ()) -> None:
    """Make `owner` the owner of all that is root's in a folder, and of the folder; what cannot be given stays root's.

    Links are given, not followed. Folders of `leaving_out` are not entered.
    """
    _give_one(top, owner)
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if Path(folder, name) not in leaving_out]
        for name in (*folders, *files):
            _give_one(Path(folder, name), owner)


def _give_one(path: Path, owner: Owner) -> None:
    with suppress(OSError):
        if path.lstat().st_uid == 0:
            os.chown(path, owner.user, owner.group, follow_symlinks=False)


@contextmanager
def made_for_user(path: Path) -> Iterator[None]:
    """What the block makes of `path` and of the folders above it belongs to the owner of the folder in which that
    begins or, if this is root's, to the user who called sudo."""
    made = path
    while not made.parent.exists():
        made = made.parent
    new = not made.exists()
    try:
        yield
    finally:
        owner = owner_beside_root(made.parent) or sudo_caller()
        if new and owner:
            give(made, owner)
