"""Maps each action of a fault to what it does to a process; cuts and delays are possible on some processes only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from typing_extensions import assert_never

from results.run_files.faults import Cut, Fault, Forget, Freeze, Kill, Part, Process, ProcessFault, Slow, Stop
from scenarios.language.timeline import TimedEdge
from scenarios.supervision.processes import ProcessError
from scenarios.supervision.supervised import PreparedEdge, SupervisedProcess


def count_ends(faults: Iterable[Fault], process: Process, part: Part = "both") -> int:
    """Number of these faults that end a life of this process, or of this part of it; each needs a successor."""
    on_it = (fault for fault in faults if isinstance(fault, ProcessFault) and fault.process == process)
    return sum(fault.ends_process for fault in on_it if part == "both" or fault.part in ("both", part))


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


class Target(Protocol):
    """What faults act on. ProcessError where a method cannot do its work."""

    def prepare_successor(self) -> None:
        """Have the next life stand by, if there will be one; may take seconds."""

    def prepare(self, fault: ProcessFault, edge: TimedEdge, deadline_ns: int) -> PreparedEdge:
        """Prepare an edge of a fault."""

    def release(self) -> None:
        """Undo the effects of a fault that was not played to its end."""


class FaultTarget:
    """A supervised process on which faults act, and the `server` to which it is the adapter, if it is one.

    `connections` can be cut, `answers` delayed; None: no such faults.
    """

    def __init__(
        self,
        process: SupervisedProcess[Any],
        *,
        server: SupervisedProcess[Any] | None = None,
        connections: Connections | None = None,
        answers: Answers | None = None,
    ) -> None:
        self._process = process
        self._server = server
        self._connections = connections
        self._answers = answers

    def prepare_successor(self) -> None:
        """Have the next life stand by, if there will be one; may take seconds."""
        for each in self._struck("both"):
            each.prepare_successor()

    def prepare(self, fault: ProcessFault, edge: TimedEdge, deadline_ns: int) -> PreparedEdge:
        """Prepare an edge of a fault; ProcessError if its action is not possible on this process.

        A process that is asked to end in order has until `deadline_ns` (CLOCK_MONOTONIC).
        """
        starts = edge.edge == "start"
        match fault.action:
            case Stop() | Kill() if not starts:
                return _together(each.prepare_succession() for each in self._struck(fault.part))
            case Stop():
                # The adapter before its server, where it may still close its sessions.
                return _together(each.prepare_stop(deadline_ns) for each in reversed(self._struck(fault.part)))
            case Kill():
                return _together(each.prepare_kill() for each in self._struck(fault.part))
            case Freeze():
                return _together(each.prepare_freeze(frozen=starts) for each in self._struck(fault.part))
            case Cut() if self._connections:
                return self._connections.prepare_cut(cut=starts)
            case Slow(extra_ns) if self._answers:
                return self._answers.prepare_delay(round(extra_ns * fault.share_at(edge.at_ns)))
            case Cut() | Slow() | Forget():
                raise ProcessError(f"{self._process.name} has no fault {fault.what}")
            case _:
                assert_never(fault.action)

    def release(self) -> None:
        """Undo the effects of a fault that was not played to its end."""
        for each in self._struck("both"):
            each.release()
        if self._connections:
            self._connections.release()

    def _struck(self, part: Part) -> tuple[SupervisedProcess[Any], ...]:
        """The processes of a part, a server before its adapter: so they are started. A relay without parts is struck as
        a whole."""
        if self._server is None:
            return (self._process,)
        return {"both": (self._server, self._process), "server": (self._server,), "adapter": (self._process,)}[part]


def _together(edges: Iterable[PreparedEdge]) -> PreparedEdge:
    """The edges as one: applied one right after the other, and verified if all are."""
    prepared = tuple(edges)

    def apply() -> None:
        for edge in prepared:
            edge.apply()

    def verify() -> bool:
        verified = [edge.verify() for edge in prepared]  # each, as it also collects what a life left
        return all(verified)

    return PreparedEdge(apply, verify)
