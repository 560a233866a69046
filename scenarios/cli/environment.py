"""What this machine has, and what a run on it would use."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from hostio.commands import CommandError, run
from results.run_files.plan import Environment, Plan
from scenarios.errors import MachineError
from scenarios.language.timeline import steps_of
from scenarios.vm.machine import CLOCK_VARIABLE
from topologies.backend_probe import available_link_backend
from topologies.netem.shaping import refusal
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
    links = available_link_backend()
    datapath, datapath_reason = probe_datapath()
    return Environment(
        link_backend=links.name,
        link_backend_reason=links.reason,
        link_backend_seeded=links.seeded,
        datapath=datapath,
        datapath_reason=datapath_reason,
        kernel=platform.release(),
        cpus=len(os.sched_getaffinity(0)),
        privilege=sandbox.privilege,
        clock=os.environ.get(CLOCK_VARIABLE, "real"),
        versions={"python": platform.python_version(), **_package_versions(_PACKAGES), **_program_versions()},
    )


def environment_for(plan: Plan, found: Environment) -> Environment:
    """What this plan would use of what was found; MachineError if it asks for what the machine does not have.

    Where netem is there but cannot do what the plan's events need, the userspace wire does it, and says why.
    """
    refused = _refusal(plan)
    if plan.links == "netem" and found.link_backend != "netem":
        raise MachineError(f"the scenario asks for netem, but {found.link_backend_reason}; write links: auto")
    if plan.links == "netem" and refused:
        raise MachineError(f"the scenario asks for netem, but {refused}; write links: auto")
    if plan.links == "userspace":
        return replace(found, **_userspace("the scenario asks for it"))
    return replace(found, **_userspace(refused)) if refused and found.link_backend == "netem" else found


def _userspace(reason: str) -> dict[str, Any]:
    return {"link_backend": "userspace", "link_backend_reason": reason, "link_backend_seeded": True}


def _refusal(plan: Plan) -> str | None:
    states = (state for step in steps_of(plan.topology, plan.faults) for state in step.states.values())
    return next(filter(None, map(refusal, states)), None)


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
