"""Maps each action of a fault to what it does to a process; cuts and delays are possible on some processes only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from typing_extensions import assert_never

from results.run_files.faults import Cut, Fault, Freeze, Kill, Process, ProcessFault, Slow, Stop
from scenarios.language.timeline import TimedEdge
from scenarios.supervision.processes import ProcessError
from scenarios.supervision.supervised import PreparedEdge, SupervisedProcess


def count_ends(faults: Iterable[Fault], process: Process) -> int:
    """Number of these faults that end a life of this process, each of which needs a successor."""
    on_it = (fault for fault in faults if isinstance(fault, ProcessFault) and fault.process == process)
    return sum(fault.ends_process for fault in on_it)


class Connections(Protocol):
    """The connections of a process, which can be cut."""

    def prepare_cut(self, *, cut: bool) -> PreparedEdge:
        """Prepare that they carry nothing or, if not `cut`, everything again."""

    def release(self) -> None:
        """End a cut, if there is one."""


class Answers(Protocol):
    """The answers of a process, which can be delayed."""

    def prepare_delay(self, extra_ns: int) -> PreparedEdge:
        """Prepare that each answer is delayed by `extra_ns`; 0 ends the delay."""


class FaultTarget:
    """A supervised process on which faults act. `connections` can be cut, `answers` delayed; None: no such faults."""

    def __init__(
        self,
        process: SupervisedProcess[Any],
        *,
        connections: Connections | None = None,
        answers: Answers | None = None,
    ) -> None:
        self._process = process
        self._connections = connections
        self._answers = answers

    def prepare_successor(self) -> None:
        """Have the next life stand by, if there will be one; may take seconds."""
        self._process.prepare_successor()

    def prepare(self, fault: ProcessFault, edge: TimedEdge, deadline_ns: int) -> PreparedEdge:
        """Prepare an edge of a fault; ProcessError if its action is not possible on this process.

        A process that is asked to end in order has until `deadline_ns` (CLOCK_MONOTONIC).
        """
        starts = edge.edge == "start"
        match fault.action:
            case Stop() | Kill() if not starts:
                return self._process.prepare_succession()
            case Stop():
                return self._process.prepare_stop(deadline_ns)
            case Kill():
                return self._process.prepare_kill()
            case Freeze():
                return self._process.prepare_freeze(frozen=starts)
            case Cut() if self._connections:
                return self._connections.prepare_cut(cut=starts)
            case Slow(extra_ns) if self._answers:
                return self._answers.prepare_delay(round(extra_ns * fault.share_at(edge.at_ns)))
            case Cut() | Slow():
                raise ProcessError(f"{self._process.name} has no fault {fault.what}")
            case _:
                assert_never(fault.action)

    def release(self) -> None:
        """Undo the effects of a fault that was not played to its end."""
        self._process.release()
        if self._connections:
            self._connections.release()
