"""A process group (setpgid(2)) whose leader is a child of this process: signals also reach what the leader started."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

from hostio.process_handle import ProcessHandle, thread_states
from hostio.timing import wait_until

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
