"""Namespaces of a run's own: network, mount, pid, ipc and uts, and a user namespace when not root.

When the first process in the sandbox dies, the kernel ends every process in it; with the last of them go its
interfaces, bridges, mounts and sockets. When the process that entered it dies, the first process is killed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hostio.commands import CommandError, run

Privilege = Literal["root", "user namespace"]

RUNTIME = Path("/run")
"""Covered by a tmpfs inside the sandbox, so that every daemon's sockets and pid files are the run's own."""

TUN = Path("/dev/net/tun")

_NAMESPACES = ("--net", "--mount", "--pid", "--ipc", "--uts")
_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"


_NETWORK_SETTINGS = {
    # No router solicitations, no duplicate address detection.
    Path("/proc/sys/net/ipv6/conf/all/disable_ipv6"): "1",
    Path("/proc/sys/net/ipv6/conf/default/disable_ipv6"): "1",
    # Of a network namespace's Unix sockets: 10 datagrams would soon keep probe reports waiting.
    Path("/proc/sys/net/unix/max_dgram_qlen"): "4096",
}


class SandboxError(Exception):
    """This machine does not let this user build a network; the message is one line that says what is missing."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """How to enter a sandbox with the privilege at hand."""

    privilege: Privilege

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command that runs `argv` as the first process of a new sandbox, and dies with the caller."""
        user = ("--user", "--map-root-user") if self.privilege == "user namespace" else ()
        unshare = ("unshare", *user, *_NAMESPACES, "--fork", "--kill-child", "--mount-proc")
        return ["setpriv", "--pdeathsig", "KILL", "--", *unshare, "--", *argv]


def find_sandbox() -> Sandbox:
    """A sandbox that this user can enter here; SandboxError if there is none."""
    sandbox = Sandbox("root" if os.geteuid() == 0 else "user namespace")
    try:
        run(sandbox.command(["true"]))
    except CommandError as error:
        remedy = "run it with sudo" if sandbox.privilege == "user namespace" else "run it where CAP_SYS_ADMIN is held"
        raise SandboxError(f"cannot create namespaces ({error.stderr.strip() or error}); {remedy}") from error
    return sandbox


def require_outside_runtime(*paths: Path) -> None:
    """SandboxError if one of these lies where the sandbox's own tmpfs would hide it."""
    for path in paths:
        if RUNTIME in path.resolve().parents:
            raise SandboxError(f"{path} lies under {RUNTIME}, which a run covers with a file system of its own")


def tun_is_usable() -> bool:
    """Whether this user may open /dev/net/tun, which the userspace datapath needs."""
    return TUN.exists() and stat.S_ISCHR(TUN.stat().st_mode) and os.access(TUN, os.R_OK | os.W_OK)


def set_up_sandbox(scratch: Path) -> None:
    """Inside, first of all: private run-time folders, a loopback interface, no IPv6 chatter, sbin on the PATH.

    `scratch` (under `RUNTIME`) is made and becomes the folder for temporary files.
    """
    run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(RUNTIME)])
    scratch.mkdir(parents=True)
    os.environ["TMPDIR"] = str(scratch)
    os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}:{_SBIN}"
    run(["ip", "link", "set", "dev", "lo", "up"])
    for setting, value in _NETWORK_SETTINGS.items():
        if setting.exists():
            setting.write_text(value)


def in_network_of(pid: int, argv: Sequence[str]) -> list[str]:
    """The command that runs `argv` in another process's network namespace."""
    return ["nsenter", f"--net=/proc/{pid}/ns/net", "--", *argv]
