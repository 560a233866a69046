"""What a fault on a process is done by: posts, the places of processes that may end and be followed by others.

A process that takes another's place was made ready before its time, so that it starts when planned: it is new, listens
nowhere, and waits for the word.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from hostio.histogram import Lateness
from hostio.process_handle import ProcessHandle
from results.run_files.plan import Fault
from scenarios.run.processes import ProcessError, RunProcess
from scenarios.run.timeline import TimedEdge

START_WITHIN_S = 10.0
"""For a new process to be ready."""

END_WITHIN_S = 2.0
"""For a process to be gone once it was killed, or to stand still."""


class PreparedEdge(NamedTuple):
    """An edge of a fault, ready to be done. `apply` does it at once; `verify` waits for what proves it, and
    tells whether that came."""

    apply: Callable[[], None]
    verify: Callable[[], bool]


def handle_of(member: RunProcess) -> ProcessHandle:
    """Get hold of a process; ProcessError if it has ended."""
    try:
        return ProcessHandle(member.pid)
    except ProcessLookupError as error:
        raise ProcessError(f"{member.name} has ended; its log is {member.log}") from error


def signal_process(member: RunProcess, held: ProcessHandle, number: signal.Signals) -> None:
    """Send a signal to a process that is there; ProcessError if it had ended by itself."""
    if held.gone(0):
        raise ProcessError(f"{member.name} had ended before the fault that was to strike it; its log is {member.log}")
    held.send(number)


class FaultTarget(Protocol):
    """The place of a process that faults strike."""

    def prepare_successor(self) -> None:
        """Have the process that would be next stand by, if there is one to come. Takes its time."""

    def prepare(self, fault: Fault, edge: TimedEdge, deadline_ns: int) -> PreparedEdge:
        """Make an edge of a fault ready. A process told to end in order has until `deadline_ns` (CLOCK_MONOTONIC)."""

    def release(self) -> None:
        """Let go of whatever a fault that was not played to its end still holds."""


@dataclass(slots=True)
class EndedProcessCounters:
    """What processes that ended on purpose counted, all together: `socket_drops` by socket, `counters` by name.

    `left_behind`: RELAY_FATE rows of the packets that waited for them. `lateness`: by thread and life, of those that
    could still tell.
    """

    counters: Counter[str] = field(default_factory=Counter)
    socket_drops: Counter[str] = field(default_factory=Counter)
    left_behind: list[tuple[int, int, int, int]] = field(default_factory=list)
    lateness: dict[str, Lateness] = field(default_factory=dict)
