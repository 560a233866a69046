"""The programs that a `relay.yaml` names: where they are, and why one cannot be run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from hostio.isolation import PATH
from scenarios.language.document import DataPath, Problem
from scenarios.language.elf import built_for_another, this_machine
from scenarios.language.wording import quoted


def executable(program: str, folder: Path) -> str:
    """The absolute path of a program; as it is if there is none."""
    if "/" in program:
        return str((folder / program).absolute())
    return shutil.which(program, path=PATH) or program


def command_problems(path: DataPath, command: tuple[str, ...], folder: Path, remedy: str) -> Iterator[Problem]:
    """Why a command cannot be run, if so. `path`: of the mapping that has it; `remedy`: if it is missing."""
    place = (*path, "command", 0)
    if not command:
        yield Problem(place[:-1], "the command is empty; write a program and its arguments, such as [./relay]")
        return
    program = Path(executable(command[0], folder))
    if not program.is_file():
        yield Problem(place, f"there is no program {quoted(command[0])}; {remedy}")
    elif not os.access(program, os.X_OK):
        yield Problem(place, f"{quoted(command[0])} is not executable; chmod +x it")
    elif machine := built_for_another(program):
        text = f"{quoted(command[0])} is built for {machine}; build it for this machine, {this_machine()}"
        yield Problem(place, text)


def closed_problems(path: DataPath, command: tuple[str, ...], folder: Path) -> Iterator[Problem]:
    """That other users cannot read folder or program: run by root, a program is a user of its own."""
    for place in (folder, Path(executable(command[0], folder))) if os.geteuid() == 0 else ():
        if place.stat().st_mode & 0o005 != 0o005:
            text = f"{place} is closed to others, and it runs as a user of its own; chmod -R o+rX {place}"
            yield Problem((*path, "command", 0), text)
            return
