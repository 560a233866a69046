"""Another process by its pidfd (pidfd_open(2)): signals, state, and duplicates of its sockets (pidfd_getfd(2)).

A pidfd keeps naming the same process when its number is used again. A process group (setpgid(2)) has a child of this
process as its leader: signals reach what the leader started as well.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic

from hostio.readiness import readable
from hostio.sockets import BUFFER_BYTES, SO_RCVBUFFORCE
from hostio.timing import wait_until

_SYS_PIDFD_GETFD = 438


class ProcessHandle:
    """A process, by its number when the handle is made. ProcessLookupError if there is none."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._descriptor = os.pidfd_open(pid)

    def fileno(self) -> int:
        """The pidfd, readable for select once the process has ended."""
        return self._descriptor

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens if the process has ended."""
        if not self.gone(0):
            signal.pidfd_send_signal(self._descriptor, number)

    def gone(self, timeout_s: float) -> bool:
        """Wait at most `timeout_s` until the process has ended and its sockets are closed; whether it has."""
        return bool(readable([self._descriptor], timeout_s))

    def states(self) -> set[str]:
        """The state letters of its threads (proc_pid_stat(5)), such as T, stopped by a signal; none if it has ended."""
        return thread_states(self.pid)

    def close(self) -> None:
        """Close the pidfd; idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def thread_states(pid: int) -> set[str]:
    """The state letters of a process's threads (proc_pid_stat(5)); none if it has ended."""
    found = set()
    for thread in Path(f"/proc/{pid}/task").glob("*"):
        try:
            found.add((thread / "stat").read_text().rpartition(")")[2].split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def enlarge_packet_buffers(pid: int, size: int = BUFFER_BYTES) -> bool:
    """Give every packet socket of a process a receive buffer of this size; false if that was refused.

    Without CAP_NET_ADMIN it is, and the sockets stay as they are.
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
    """Duplicates of a process's UDP sockets. The sockets stay open and bound until these are closed too."""
    found = []
    for endpoint in _sockets_of(pid):
        if (endpoint.family, endpoint.type) == (socket.AF_INET, socket.SOCK_DGRAM):
            found.append(endpoint)
        else:
            endpoint.close()
    return found


def _sockets_of(pid: int) -> Iterator[socket.socket]:
    """Duplicates of a process's sockets; those whose duplication is refused are left out."""
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
    """Whether a descriptor is a socket; false if its owner has closed it meanwhile."""
    try:
        return str(entry.readlink()).startswith("socket:")
    except FileNotFoundError:
        return False


_ENDED = {"Z", "X"}
"""States of proc_pid_stat(5) of a process that has ended and was not waited for yet."""


class ProcessGroup:
    """The group of a child that was started as leader of one.

    The child must not be waited for (wait(2)) before the group has ended: until then no other process gets its number.
    """

    def __init__(self, leader: int) -> None:
        self.leader = ProcessHandle(leader)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to every process of the group; nothing happens if all have ended."""
        with suppress(ProcessLookupError):
            os.killpg(self.leader.pid, number)

    def gone(self, timeout_s: float) -> bool:
        """Wait at most `timeout_s` until every process of the group has ended; whether they have."""
        deadline = monotonic() + timeout_s
        return self.leader.gone(timeout_s) and wait_until(lambda: not self.states(), max(0.0, deadline - monotonic()))

    def pids(self) -> tuple[int, ...]:
        """The numbers of its processes."""
        return tuple(_members(self.leader.pid))

    def states(self) -> set[str]:
        """The state letters of all threads of the group (proc_pid_stat(5)); none if all have ended."""
        return {state for pid in _members(self.leader.pid) for state in thread_states(pid)} - _ENDED

    def close(self) -> None:
        """Close the leader's pidfd; idempotent."""
        self.leader.close()


def _members(group: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            _state, _parent, of_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(of_group) == group:
                yield int(stat.parent.name)
