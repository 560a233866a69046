"""The Debian packages and files that a machine needs: those listed in `packages.txt`, and what they depend on."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hostio.commands import run
from scenarios.debian_packages import packages_for

_FORMAT = "${db:Status-Status}\t${Package}\t${Version}\t${Essential}\t${Provides}\t${Pre-Depends}, ${Depends}\n"
_NAME = re.compile(r"^[a-z0-9][a-z0-9+.-]+")
_NOT_NEEDED = tuple(f"/usr/share/{folder}/" for folder in ("doc", "man", "locale", "info", "lintian", "icons"))
_LINKED = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_PROGRAMS = (Path("/usr/bin"), Path("/usr/sbin"))
_ALTERNATIVES = Path("/etc/alternatives")


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package. `provides`: names by which others may depend on it, its own among them."""

    name: str
    version: str
    essential: bool
    provides: frozenset[str]
    depends: frozenset[str]
    """Names of packages that it depends on; of alternatives, all."""


def parse_packages(listing: str) -> list[Package]:
    """The installed packages in the output of dpkg-query, in the format `_FORMAT`."""
    rows = [line.split("\t") for line in listing.splitlines()]
    return [
        Package(name, version, essential == "yes", _names(provides) | {name}, _names(depends))
        for status, name, version, essential, provides, depends in rows
        if status == "installed"
    ]


def with_dependencies(wanted: Iterable[str], packages: Iterable[Package]) -> list[Package]:
    """Those of `packages` that are wanted or essential, and what they depend on, sorted by name."""
    providers: dict[str, list[Package]] = {}
    open_names = list(wanted)
    for package in packages:
        for name in package.provides:
            providers.setdefault(name, []).append(package)
        if package.essential:
            open_names.append(package.name)
    found: dict[str, Package] = {}
    while open_names:
        for package in providers.get(open_names.pop(), []):
            if package.name not in found:
                found[package.name] = package
                open_names += package.depends
    return [found[name] for name in sorted(found)]


def installed_packages() -> list[Package]:
    """The installed packages that a virtual machine needs: those of runs and tests, and the essential ones.

    CommandError without dpkg.
    """
    wanted = [package.name for package in packages_for("run", "test", "guest")]
    return with_dependencies(wanted, parse_packages(run(["dpkg-query", "--show", "--showformat", _FORMAT])))


def files_of(packages: Iterable[Package]) -> list[Path]:
    """Files and links of these packages, all of /etc, and links to alternatives; what is missing or not readable by all
    users is left out.

    Folders in the paths are resolved: a package may list /lib for /usr/lib.
    """
    listed = run(["dpkg-query", "--listfiles", *(package.name for package in packages)]).splitlines()
    files = {
        _with_resolved_folder(Path(line))
        for line in listed
        if line.startswith("/") and not line.startswith(_NOT_NEEDED)
    }
    links = {each for folder in _PROGRAMS for each in folder.iterdir() if _is_alternative(each)}
    configuration = set(Path("/etc").rglob("*"))
    folders = {Path(folder) for folder in _LINKED if Path(folder).is_symlink()}
    return sorted(path for path in files | links | configuration | folders if path.is_symlink() or _is_public(path))


def _names(field: str) -> frozenset[str]:
    """Package names in a dependency field, without versions and architectures."""
    return frozenset(found[0] for part in re.split(r"[,|]", field) if (found := _NAME.match(part.strip())))


def _is_public(path: Path) -> bool:
    return path.is_file() and bool(path.stat().st_mode & stat.S_IROTH)


def _with_resolved_folder(path: Path) -> Path:
    return path.parent.resolve() / path.name


def _is_alternative(path: Path) -> bool:
    return path.is_symlink() and path.exists() and _ALTERNATIVES in path.readlink().parents
