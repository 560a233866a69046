"""Another process, held by a descriptor: signals that hit no other of its number, and what the kernel says of it."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path


class HeldProcess:
    """A process that exists now. ProcessLookupError if there is none of this number."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._descriptor = os.pidfd_open(pid)

    def send(self, number: signal.Signals) -> None:
        """Send a signal; a process that is gone needs none."""
        if not self.gone(0):
            signal.pidfd_send_signal(self._descriptor, number)

    def gone(self, timeout_s: float) -> bool:
        """Wait until it has ended, at most so long; whether it has. Its sockets are closed then."""
        return bool(select.select([self._descriptor], [], [], max(0.0, timeout_s))[0])

    def states(self) -> set[str]:
        """The letters of proc_pid_stat(5) for its threads: T is stopped by a signal; none if it is gone."""
        found = set()
        for thread in Path(f"/proc/{self.pid}/task").glob("*"):
            try:
                found.add((thread / "stat").read_text().rpartition(")")[2].split()[0])
            except (FileNotFoundError, ProcessLookupError):
                continue
        return found

    def close(self) -> None:
        """Let go of it; idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
