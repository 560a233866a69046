"""Whether this machine can run scenarios: what is there, what a run would use, and what to install."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass

from results.plan import Environment
from scenarios.environment import find_environment
from topologies.openvswitch import SCHEMA
from topologies.sandbox import TUN, SandboxError, find_sandbox, tun_is_usable


@dataclass(frozen=True, slots=True)
class Check:
    """One thing a run may need. `package`: the Debian package that brings it, where one does."""

    what: str
    found: bool
    detail: str
    required: bool = True
    package: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All checks; the environment a run would have, if one can run."""

    checks: tuple[Check, ...]
    environment: Environment | None

    @property
    def runnable(self) -> bool:
        """Nothing that a run must have is missing."""
        return self.environment is not None and all(check.found for check in self.checks if check.required)

    @property
    def remedy(self) -> str | None:
        """The command that installs what is missing, if a package brings it."""
        packages = [check.package for check in self.checks if check.required and not check.found and check.package]
        return f"sudo apt-get install -y --no-install-recommends {' '.join(packages)}" if packages else None


_PROGRAMS = (
    ("unshare", "util-linux"),
    ("ip", "iproute2"),
    ("tc", "iproute2"),
    ("ethtool", "ethtool"),
    ("mnexec", "mininet"),
    ("ovs-vswitchd", "openvswitch-switch"),
    ("redis-server", "redis-server"),
)


def diagnose() -> Diagnosis:
    """Look at everything; starts nothing that outlives the call."""
    programs = tuple(_program(name, package) for name, package in _PROGRAMS)
    privilege, environment = _privilege_and_environment()
    return Diagnosis((privilege, *programs, _mininet(), _schema(), *_kernel(environment)), environment)


def _program(name: str, package: str) -> Check:
    path = shutil.which(name, path=_PATH)
    return Check(name, path is not None, path or "not found", package=package)


_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


def _mininet() -> Check:
    found = importlib.util.find_spec("mininet") is not None
    detail = "importable" if found else "not importable: the environment needs the distribution's python3"
    return Check("Mininet", found, detail, package="mininet")


def _schema() -> Check:
    return Check("Open vSwitch schema", SCHEMA.exists(), str(SCHEMA), package="openvswitch-switch")


def _privilege_and_environment() -> tuple[Check, Environment | None]:
    try:
        sandbox = find_sandbox()
    except SandboxError as error:
        return Check("privilege", found=False, detail=str(error)), None
    return Check("privilege", found=True, detail=sandbox.privilege), find_environment(sandbox)


def _kernel(environment: Environment | None) -> tuple[Check, ...]:
    if environment is None:
        return ()
    netem, kernel_datapath = environment.link_backend == "netem", environment.datapath == "kernel"
    return (
        Check("sch_netem", netem, environment.link_backend_reason, required=False),
        Check("openvswitch.ko", kernel_datapath, environment.datapath_reason, required=False),
        Check(
            str(TUN),
            tun_is_usable(),
            "readable and writable" if tun_is_usable() else "this user cannot open it; the userspace datapath needs it",
            required=not kernel_datapath,
        ),
    )
