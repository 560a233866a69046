"""Checks whether this machine can run scenarios, which back ends a run would use, and which packages are missing."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass

from results.run_files.plan import Environment
from scenarios.cli.environment import find_environment
from scenarios.debian_packages import packages_for
from scenarios.errors import MachineError
from topologies.openvswitch import SCHEMA
from topologies.sandbox import TUN, Sandbox, SandboxError, find_sandbox, tun_is_usable


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something that a run needs or, if not `required`, can use. `package`: the Debian package that contains it."""

    what: str
    found: bool
    detail: str
    required: bool = True
    package: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The result of all checks. `sandbox` and `environment` are None if this user can create no sandbox here."""

    checks: tuple[Requirement, ...]
    sandbox: Sandbox | None
    environment: Environment | None

    @property
    def missing(self) -> tuple[Requirement, ...]:
        """Requirements that a run must have and that were not found."""
        return tuple(check for check in self.checks if check.required and not check.found)

    @property
    def remedy(self) -> str | None:
        """The command that installs what is missing; None if no package contains it."""
        packages = dict.fromkeys(check.package for check in self.missing if check.package)
        return f"sudo apt-get install -y --no-install-recommends {' '.join(packages)}" if packages else None

    def require(self) -> tuple[Sandbox, Environment]:
        """Sandbox and environment of a run; MachineError if something required is missing."""
        if self.missing or self.sandbox is None or self.environment is None:
            why = "; ".join(f"{check.what}: {check.detail}" for check in self.missing)
            raise MachineError(
                f"this machine cannot run scenarios: {why}" + (f"; {self.remedy}" if self.remedy else "")
            )
        return self.sandbox, self.environment


_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


def diagnose() -> Diagnosis:
    """Do all checks; nothing that they start outlives the call."""
    programs = tuple(_program(name, package.name) for package in packages_for("run") for name in package.programs)
    try:
        sandbox = find_sandbox()
    except SandboxError as error:
        refused = Requirement("privilege", found=False, detail=str(error))
        return Diagnosis((refused, *programs, _mininet(), _schema()), None, None)
    environment = find_environment(sandbox)
    privilege = Requirement("privilege", found=True, detail=sandbox.privilege)
    return Diagnosis((privilege, *programs, _mininet(), _schema(), *_kernel(environment)), sandbox, environment)


def _program(name: str, package: str) -> Requirement:
    path = shutil.which(name, path=_PATH)
    return Requirement(name, path is not None, path or "not found", package=package)


def _mininet() -> Requirement:
    found = importlib.util.find_spec("mininet") is not None
    detail = "importable" if found else "not importable: the environment needs the distribution's python3"
    return Requirement("Mininet", found, detail, package="mininet")


def _schema() -> Requirement:
    return Requirement("Open vSwitch schema", SCHEMA.exists(), str(SCHEMA), package="openvswitch-switch")


def _kernel(environment: Environment) -> tuple[Requirement, ...]:
    netem, kernel_datapath = environment.link_backend == "netem", environment.datapath == "kernel"
    return (
        Requirement("sch_netem", netem, environment.link_backend_reason, required=False),
        Requirement("openvswitch.ko", kernel_datapath, environment.datapath_reason, required=False),
        Requirement(
            str(TUN),
            tun_is_usable(),
            "readable and writable" if tun_is_usable() else "this user cannot open it; the userspace datapath needs it",
            required=not kernel_datapath,
        ),
    )
