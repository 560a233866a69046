"""What the controller runs on: the Python environments of os-ken and of Ryu, and which versions are in them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from types import MappingProxyType

from controller.settings import Framework
from scenarios.errors import MachineError

_RYU = Path(sys.prefix) / "ryu"
"""Made by `scripts/setup --ryu`: what Ryu needs is too old for the project's own environment."""

PYTHON_OF: Mapping[Framework, Sequence[str]] = MappingProxyType(
    {
        "os-ken": (sys.executable,),
        # Ryu's event loop, eventlet, says at each start that it is deprecated.
        "ryu": (str(_RYU / "bin" / "python"), "-W", "ignore"),
    }
)
"""The command of the Python that has a framework."""


def framework_version(framework: Framework) -> str:
    """The version of an installed framework; MachineError if it is not there."""
    where = [str(path) for path in _RYU.glob("lib/python*/site-packages")] if framework == "ryu" else sys.path
    found = next((each.version for each in distributions(name=framework, path=where)), None)
    if found is None:
        raise MachineError(
            f"the scenario asks for the controller framework {framework}, which is not there; {_cure(framework)}"
        )
    return found


def _cure(framework: Framework) -> str:
    return "scripts/setup --ryu" if framework == "ryu" else "scripts/setup"
