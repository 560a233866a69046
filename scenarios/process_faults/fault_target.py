"""What each fault does to the process that it strikes: an action that all processes know, or one of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Protocol

from results.run_files.plan import Fault, Process
from scenarios.language.timeline import TimedEdge
from scenarios.supervision.processes import ProcessError
from scenarios.supervision.supervised import PreparedEdge, SupervisedProcess

Action = Literal["stop", "kill", "freeze"]

_ACTIONS: Mapping[str, Action] = {
    "relay-restart": "stop",
    "relay-kill": "kill",
    "relay-freeze": "freeze",
    "controller-restart": "stop",
    "directory-down": "kill",
}
_ENDING: tuple[Action, ...] = ("stop", "kill")


def count_ends(faults: Iterable[Fault], process: Process) -> int:
    """How many of these faults end a life of a process, and so need a successor."""
    return sum(fault.process == process and _ACTIONS.get(fault.what) in _ENDING for fault in faults)


class OwnFault(Protocol):
    """A fault that only one kind of process has."""

    def prepare(self, fault: Fault, edge: TimedEdge) -> PreparedEdge:
        """Make an edge of it ready."""

    def release(self) -> None:
        """Undo what it still holds if it is not played to its end."""


class FaultTarget:
    """A supervised process that faults strike; `own`: the faults that only its kind has, by their words."""

    def __init__(self, process: SupervisedProcess[Any], own: Mapping[str, OwnFault] | None = None) -> None:
        self._process = process
        self._own = own or {}

    def prepare_successor(self) -> None:
        """Have the life that would be next stand by, if there is one to come. Takes its time."""
        self._process.prepare_successor()

    def prepare(self, fault: Fault, edge: TimedEdge, deadline_ns: int) -> PreparedEdge:
        """Make an edge of a fault ready. A process told to end in order has until `deadline_ns` (CLOCK_MONOTONIC)."""
        if fault.what in self._own:
            return self._own[fault.what].prepare(fault, edge)
        action = _ACTIONS.get(fault.what)
        if action is None:
            raise ProcessError(f"{self._process.name} has no fault {fault.what}")
        if action == "freeze":
            return self._process.prepare_freeze(frozen=edge.edge == "start")
        if edge.edge == "end":
            return self._process.prepare_succession()
        return self._process.prepare_kill() if action == "kill" else self._process.prepare_stop(deadline_ns)

    def release(self) -> None:
        """Undo whatever a fault that was not played to its end still holds."""
        self._process.release()
        for fault in self._own.values():
            fault.release()
