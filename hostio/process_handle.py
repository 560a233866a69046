"""Another process, held by a pidfd: signals that reach no other of its number, its state, and its sockets.

Sockets are duplicated by pidfd_getfd(2): what their receive buffers may hold, and what was in them when it ended.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from hostio.sockets import BUFFER_BYTES, SO_RCVBUFFORCE


class ProcessHandle:
    """A process that exists now. ProcessLookupError if there is none of this number."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._descriptor = os.pidfd_open(pid)

    def fileno(self) -> int:
        """The pidfd, readable for select once the process has ended."""
        return self._descriptor

    def send(self, number: signal.Signals) -> None:
        """Send a signal; a process that is gone needs none."""
        if not self.gone(0):
            signal.pidfd_send_signal(self._descriptor, number)

    def gone(self, timeout_s: float) -> bool:
        """Wait until it has ended, at most so long; whether it has. Its sockets are closed then."""
        return bool(select.select([self._descriptor], [], [], max(0.0, timeout_s))[0])

    def states(self) -> set[str]:
        """The letters of proc_pid_stat(5) for its threads: T is stopped by a signal; none if it is gone."""
        return thread_states(self.pid)

    def close(self) -> None:
        """Let go of it; idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def thread_states(pid: int) -> set[str]:
    """The letters of proc_pid_stat(5) for the threads of a process; none if it is gone."""
    found = set()
    for thread in Path(f"/proc/{pid}/task").glob("*"):
        try:
            found.add((thread / "stat").read_text().rpartition(")")[2].split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


_SYS_PIDFD_GETFD = 438


def enlarge_packet_buffers(pid: int, size: int = BUFFER_BYTES) -> bool:
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
