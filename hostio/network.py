"""Network namespaces and interfaces, by one system call each (setns(2), netdevice(7)): a command takes far longer."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from fcntl import ioctl
from pathlib import Path

_CLONE_NEWNET = 0x40000000


def join_network_of(pid: int) -> None:
    """Move the calling thread, and all it will start, to that process's network namespace; OSError if refused."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(f"/proc/{pid}/ns/net").open("rb") as namespace:
        if libc.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
            error = ctypes.get_errno()
            raise OSError(error, f"setns: {os.strerror(error)}")


_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1
_IFREQ = struct.Struct("16sH22x")


def is_up(interface: str) -> bool:
    """Whether an interface of this network namespace is up; OSError if there is none of that name."""
    with _any_socket() as endpoint:
        return bool(_flags(endpoint, interface) & _IFF_UP)


def set_interface(interface: str, *, up: bool) -> None:
    """Bring an interface up, or down; OSError if there is none of that name, or it is not ours to change."""
    with _any_socket() as endpoint:
        flags = _flags(endpoint, interface)
        wanted = flags | _IFF_UP if up else flags & ~_IFF_UP
        ioctl(endpoint, _SIOCSIFFLAGS, _IFREQ.pack(interface.encode(), wanted))


def _any_socket() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def _flags(endpoint: socket.socket, interface: str) -> int:
    answer = ioctl(endpoint, _SIOCGIFFLAGS, _IFREQ.pack(interface.encode(), 0))
    return int(_IFREQ.unpack(answer)[1])
