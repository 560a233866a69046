"""The Debian packages that the project uses, from `packages.txt`, by which `scripts/setup` installs them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from scenarios.paths import PROJECT

LIST = PROJECT / "packages.txt"

Use = Literal["run", "test", "vm", "relay", "media", "editor", "guest"]


@dataclass(frozen=True, slots=True)
class DebianPackage:
    """A package; `uses`: what it is needed for; `programs`: those of its programs that are looked for on the path."""

    name: str
    uses: frozenset[str]
    programs: tuple[str, ...]


def packages_for(*uses: Use, path: Path = LIST) -> tuple[DebianPackage, ...]:
    """The packages for any of these uses, in the order of the file; ValueError if a line of it is malformed."""
    return tuple(package for package in _listed(path) if package.uses & {*uses})


def _listed(path: Path) -> Iterator[DebianPackage]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        name, *rest = line.partition("#")[0].split() or [""]
        if not name:
            continue
        uses = frozenset(rest[0].split(",")) if rest else frozenset()
        if not uses or not uses <= {*get_args(Use)}:
            raise ValueError(f"{path.name}:{number}: {name} needs a use among {', '.join(get_args(Use))}")
        yield DebianPackage(name, uses, tuple(rest[1:]))
