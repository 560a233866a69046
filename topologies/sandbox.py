"""A run's sandbox: network, mount, pid, ipc and uts namespaces of its own, and a user namespace if not root.

When process 1 of a pid namespace dies, the kernel kills all processes in it (pid_namespaces(7)); with the last of them
it removes interfaces, bridges, mounts and sockets of the namespaces. So whatever way a run ends, nothing is left.
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
"""Covered by a tmpfs inside the sandbox, so that daemons put sockets and pid files there and not on the host's /run."""

TUN = Path("/dev/net/tun")

_NAMESPACES = ("--net", "--mount", "--pid", "--ipc", "--uts")
_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"


_NETWORK_SETTINGS = {
    # IPv6 off: no router solicitations, no duplicate address detection.
    Path("/proc/sys/net/ipv6/conf/all/disable_ipv6"): "1",
    Path("/proc/sys/net/ipv6/conf/default/disable_ipv6"): "1",
    # Datagrams that a Unix socket queues; with the default, 10, probers would block on sending reports.
    Path("/proc/sys/net/unix/max_dgram_qlen"): "4096",
}


class SandboxError(Exception):
    """This user cannot create a sandbox on this machine; the message, one line, says what is missing."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """How to start a command in a new sandbox. `privilege`: by being root, or by a user namespace."""

    privilege: Privilege

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command that runs `argv` as process 1 of a new sandbox, which is killed when the caller dies.

        It takes two steps, because a parent-death signal (prctl(2), PR_SET_PDEATHSIG) is not inherited over fork(2):
        setpriv has the kernel kill unshare when the caller dies, and --kill-child process 1 when unshare dies.
        """
        user = ("--user", "--map-root-user") if self.privilege == "user namespace" else ()
        unshare = ("unshare", *user, *_NAMESPACES, "--fork", "--kill-child", "--mount-proc")
        return ["setpriv", "--pdeathsig", "KILL", "--", *unshare, "--", *argv]


def find_sandbox() -> Sandbox:
    """The sandbox that this user can create here, found by a trial; SandboxError if there is none."""
    sandbox = Sandbox("root" if os.geteuid() == 0 else "user namespace")
    try:
        run(sandbox.command(["true"]))
    except CommandError as error:
        remedy = "run it with sudo" if sandbox.privilege == "user namespace" else "run it where CAP_SYS_ADMIN is held"
        raise SandboxError(f"cannot create namespaces ({error.stderr.strip() or error}); {remedy}") from error
    return sandbox


def require_outside_runtime(*paths: Path) -> None:
    """SandboxError if one of these paths lies under `RUNTIME`, where the sandbox's tmpfs would hide it."""
    for path in paths:
        if RUNTIME in path.resolve().parents:
            raise SandboxError(f"{path} lies under {RUNTIME}, which a run covers with a file system of its own")


def tun_is_usable() -> bool:
    """Whether this user may open /dev/net/tun, which the userspace datapath needs."""
    return TUN.exists() and stat.S_ISCHR(TUN.stat().st_mode) and os.access(TUN, os.R_OK | os.W_OK)


def set_up_sandbox(temporary: Path) -> None:
    """Called first inside a sandbox: mounts a tmpfs on `RUNTIME`, sets up loopback and sysctls, adds sbin to PATH.

    `temporary` (under `RUNTIME`) is created and becomes TMPDIR. CommandError.
    """
    run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(RUNTIME)])
    temporary.mkdir(parents=True)
    os.environ["TMPDIR"] = str(temporary)
    os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}:{_SBIN}"
    run(["ip", "link", "set", "dev", "lo", "up"])
    for setting, value in _NETWORK_SETTINGS.items():
        if setting.exists():
            setting.write_text(value)


def in_network_of(pid: int, argv: Sequence[str], *namespaces: str) -> list[str]:
    """The command that runs `argv` in the network namespace of process `pid`; `namespaces`: further options of it."""
    return ["nsenter", f"--net=/proc/{pid}/ns/net", *namespaces, "--", *argv]
