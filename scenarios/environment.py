"""What this machine has, and what a run on it would use."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from results.plan import Environment
from topologies.backends import available_link_backend
from topologies.commands import CommandError, run
from topologies.openvswitch import probe_datapath
from topologies.sandbox import Sandbox

_PACKAGES = ("mininet", "numba", "numpy", "os-ken", "polars", "redis")
_PROGRAMS = {
    "openvswitch": ("ovs-vswitchd", "--version"),
    "redis-server": ("redis-server", "--version"),
    "iproute2": ("ip", "-V"),
}
_VERSION = re.compile(r"\d+(?:\.\d+)+")


def find_environment(sandbox: Sandbox) -> Environment:
    """Probe the machine: back ends by trying them, versions by asking the programs."""
    link_backend, link_reason = available_link_backend()
    datapath, datapath_reason = probe_datapath()
    return Environment(
        link_backend=link_backend,
        link_backend_reason=link_reason,
        datapath=datapath,
        datapath_reason=datapath_reason,
        kernel=platform.release(),
        cpus=len(os.sched_getaffinity(0)),
        privilege=sandbox.privilege,
        versions={"python": platform.python_version(), **_package_versions(_PACKAGES), **_program_versions()},
    )


def _package_versions(packages: Iterable[str]) -> dict[str, str]:
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _program_versions() -> dict[str, str]:
    return {name: found for name, argv in _PROGRAMS.items() if (found := program_version(*argv))}


def program_version(*argv: str) -> str | None:
    """The version a program states when asked so, or None if it is not there."""
    try:
        said = run(argv)
    except CommandError:
        return None
    numbers = _VERSION.search(said)
    return numbers[0] if numbers else said.strip()
