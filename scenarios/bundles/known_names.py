"""Names of this machine and of its users, as they may stand in records."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from results.run_files.plan import Plan
from scenarios.paths import PROJECT

_NOBODYS = frozenset(("root", "nobody", "localhost", "localdomain"))
_VARIABLES = ("USER", "LOGNAME", "SUDO_USER", "USERNAME")
_HOST_VARIABLES = ("HOSTNAME", "HOST")


def known_names(run: Path) -> frozenset[str]:
    """Host names, and names of users: who runs this, who called sudo, and whose the run directory and checkout are."""
    found = {*_hosts(), *_users(run)} - _NOBODYS
    return frozenset(name for name in found if name)


def known_folders(run: Path, plan: Plan) -> frozenset[str]:
    """Absolute paths that records may name, and what they lie in: this project's, the run's, where this is run, homes,
    and relays'."""
    folders = [PROJECT, run, run.resolve(), Path.cwd(), Path.home(), *map(Path, _relay_folders(plan))]
    command = [Path(word).parent for word in plan.command if word.startswith("/")]
    known = [folder for folder in (*folders, *command) if folder.is_absolute()]
    return frozenset(str(each) for folder in known for each in (folder, *folder.parents))


def _relay_folders(plan: Plan) -> list[str]:
    return [program.folder for program in plan.relays.programs.values()]


def _hosts() -> Iterator[str]:
    for name in (socket.gethostname(), os.uname().nodename, *map(os.environ.get, _HOST_VARIABLES)):
        if name:
            yield name
            yield name.partition(".")[0]


def _users(run: Path) -> Iterator[str]:
    yield from filter(None, map(os.environ.get, _VARIABLES))
    numbers = {os.getuid(), os.geteuid(), int(os.environ.get("SUDO_UID", "0"))}
    for path in (run, PROJECT):
        with suppress(OSError):
            numbers.add(path.stat().st_uid)
    for number in numbers:
        with suppress(KeyError):
            yield pwd.getpwuid(number).pw_name
