"""Administrative state of network interfaces, by one system call each (netdevice(7)): a command takes far longer."""

from __future__ import annotations

import socket
import struct
from fcntl import ioctl

_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1
_IFREQ = struct.Struct("16sH22x")


def is_up(interface: str) -> bool:
    """Whether an interface of this network namespace is up; OSError if there is none of that name."""
    with _any_socket() as endpoint:
        return bool(_flags(endpoint, interface) & _IFF_UP)


def set_up(interface: str, *, up: bool) -> None:
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
