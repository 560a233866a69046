"""Which code and which relay kinds play a run: runs of others are other runs, though their plans are equal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from results.run_files.plan import Plan
from scenarios.paths import PROJECT

_ROOMS = ("hostio", "topologies", "relay_app", "controller", "results", "scenarios")
_DIGITS = 16


@cache
def code_version(project: Path = PROJECT) -> str:
    """A hash of all Python files that can have a part in a run, taken once: what changes later is loaded in part."""
    return _hash_of(project, (path for room in _ROOMS for path in (project / room).rglob("*.py")))


def kind_versions(plan: Plan) -> dict[str, str]:
    """Of each relay program of a plan, by its name, a hash of what its folder holds on this machine. OSError."""
    return {name: kind_version(Path(program.folder)) for name, program in sorted(plan.relays.programs.items())}


def kind_version(folder: Path) -> str:
    """A hash of what the folder of a relay program holds; OSError if it is not there."""
    folder.stat()
    return _hash_of(folder, folder.rglob("*"))


def _hash_of(root: Path, paths: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for path in sorted(each for each in paths if each.is_file() and "__pycache__" not in each.parts):
        content = path.read_bytes()
        found.update(f"{path.relative_to(root)}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()[:_DIGITS]
