"""What this is: version, commit, and the back ends that this machine has. Starts no network, and no process but git."""

from __future__ import annotations

import json
import os
import shutil
from importlib.metadata import distribution
from pathlib import Path

from hostio.commands import CommandError, run
from hostio.isolation import PATH
from scenarios.paths import PROJECT
from topologies.back_ends import FALLBACK
from topologies.sandbox import tun_is_usable

_DIGITS = 12
_LOADED = Path("/sys/module")
_INSTALLED = Path("/lib/modules")


def version_lines() -> tuple[str, ...]:
    """Version and commit; back ends for links; datapaths for switches."""
    return (
        f"Blipnet {distribution('blipnet-testbed').version}, {_commit()}",
        f"links: {', '.join(_link_back_ends())}",
        f"switches: {', '.join(_datapaths()) or 'none'}",
    )


def _commit() -> str:
    """That of the checkout, with a note if files were changed since; else the one that the package was made of."""
    if (PROJECT / ".git").exists():
        try:
            found = run(
                [
                    "git",
                    "-C",
                    str(PROJECT),
                    "describe",
                    "--always",
                    "--dirty=, changed",
                    "--exclude=*",
                    f"--abbrev={_DIGITS}",
                ]
            )
        except CommandError:
            return "commit unknown: git cannot read this checkout"
        return f"commit {found.strip()}"
    origin = json.loads(distribution("blipnet-testbed").read_text("direct_url.json") or "{}")
    commit = origin.get("vcs_info", {}).get("commit_id")
    return f"commit {commit[:_DIGITS]}" if commit else "commit unknown: no checkout"


def _link_back_ends() -> list[str]:
    return [*(["netem"] if _kernel_has("sch_netem") else []), FALLBACK]


def _datapaths() -> list[str]:
    if shutil.which("ovs-vswitchd", path=PATH) is None:
        return []
    kernel, user = _kernel_has("openvswitch"), tun_is_usable()
    return [*(["kernel"] if kernel else []), *(["user"] if user else [])]


def _kernel_has(module: str) -> bool:
    """Whether a module is loaded, built in or installed. That this user can use it, only `doctor` finds out."""
    if (_LOADED / module).exists():
        return True
    lists = [_INSTALLED / os.uname().release / name for name in ("modules.dep", "modules.builtin")]
    return any(f"/{module}.ko" in path.read_text() for path in lists if path.exists())
