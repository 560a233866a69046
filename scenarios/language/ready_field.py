"""The `ready` of a relay and of its server in a `relay.yaml`: where its command is, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from results.run_files.relay_program import CommandOk, HttpOk, Ready, ServerReady
from scenarios.language.contract_names import name_problems, text_problems
from scenarios.language.document import DataPath, Problem
from scenarios.language.program_files import command_problems, executable

R = TypeVar("R", Ready, ServerReady)


def found_ready(ready: R, folder: Path) -> R | CommandOk:
    """The signal, with the path of its command, if it is one."""
    if isinstance(ready, CommandOk):
        return CommandOk((executable(ready.command[0], folder), *ready.command[1:]))
    return ready


def ready_problems(path: DataPath, ready: Ready | ServerReady, folder: Path, remedy: str) -> Iterator[Problem]:
    """What is wrong with the signal at a place. `remedy`: if its program is missing."""
    if isinstance(ready, CommandOk):
        yield from command_problems(path, ready.command, folder, remedy)
        yield from name_problems(path, ready.command, {})
    if isinstance(ready, HttpOk):
        yield from text_problems((*path, "http"), ready.http)
