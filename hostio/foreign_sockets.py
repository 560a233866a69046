"""Sockets of another process: what its receive buffers may hold, and what was in them when it died."""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from hostio.sockets import BUFFER_BYTES, SO_RCVBUFFORCE

_SYS_PIDFD_GETFD = 438


def deepen_packet_sockets(pid: int, size: int = BUFFER_BYTES) -> bool:
    """Give every packet socket of a process a receive buffer of this size; whether that was allowed.

    An ordinary user may not exceed the machine's limit; the sockets then stay as they are.
    """
    for endpoint in _sockets_of(pid):
        with closing(endpoint):
            if endpoint.family != socket.AF_PACKET:
                continue
            try:
                endpoint.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, size)
            except PermissionError:
                return False
    return True


def datagram_sockets(pid: int) -> list[socket.socket]:
    """Duplicates of a process's UDP sockets. They stay open, and bound, until they are closed here as well."""
    found = []
    for endpoint in _sockets_of(pid):
        if (endpoint.family, endpoint.type) == (socket.AF_INET, socket.SOCK_DGRAM):
            found.append(endpoint)
        else:
            endpoint.close()
    return found


def _sockets_of(pid: int) -> Iterator[socket.socket]:
    """Duplicates of a process's sockets (pidfd_getfd(2)); none of them if that is refused."""
    process = os.pidfd_open(pid)
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            if not _is_socket(entry):
                continue
            duplicate = ctypes.CDLL(None, use_errno=True).syscall(_SYS_PIDFD_GETFD, process, int(entry.name), 0)
            if duplicate >= 0:
                yield socket.socket(fileno=duplicate)
    finally:
        os.close(process)


def _is_socket(entry: Path) -> bool:
    """Whether a descriptor is one; false if its owner has closed it meanwhile."""
    try:
        return str(entry.readlink()).startswith("socket:")
    except FileNotFoundError:
        return False
