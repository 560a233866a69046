"""Plays the faults that strike processes, beside the links' timeline: each process has a thread of its own.

So a process that takes long to end, or to be verified as gone, keeps no other fault waiting.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic_ns

from hostio.control import Workers
from hostio.realtime import RealtimePriority, realtime_priority
from results.run_files.events import FaultEdge
from results.run_files.faults import Fault, Process, ProcessFault
from scenarios.language.timeline import TimedEdge, process_edges
from scenarios.process_faults.fault_target import FaultTarget
from scenarios.supervision.processes import ProcessError
from scenarios.supervision.run_control import EventLog, StopSignal
from scenarios.supervision.supervised import PreparedEdge

_JOIN_WITHIN_S = 15.0


class ProcessFaults:
    """`faults`: all of the plan, for their numbers; `targets`: the processes that they strike."""

    def __init__(self, faults: tuple[Fault, ...], targets: Mapping[Process, FaultTarget], log: EventLog) -> None:
        self._faults = faults
        self._by_number = {number: fault for number, fault in enumerate(faults) if isinstance(fault, ProcessFault)}
        self._targets = targets
        self._log = log
        self._workers = Workers()

    def prepare_successor(self) -> None:
        """Have the first successor stand by wherever a process is to be replaced, before any media."""
        for process in process_edges(self._faults):
            self._targets[process].prepare_successor()

    def begin(self, start_ns: int, stop: StopSignal) -> None:
        """Play them from the media start on, CLOCK_MONOTONIC, until all are played or the stop signal comes."""
        for process, edges in process_edges(self._faults).items():
            self._begin(process, edges, start_ns, stop)

    def join(self) -> None:
        """Wait until all are played and verified; raises the first error that one of them met, or ProcessError."""
        if self._workers.join(_JOIN_WITHIN_S):
            raise ProcessError("a fault on a process was not played to its end")

    def _begin(self, process: Process, edges: tuple[TimedEdge, ...], start_ns: int, stop: StopSignal) -> None:
        target = self._targets[process]
        self._workers.start(str(process), lambda: self._play(target, edges, start_ns, stop))

    def _play(self, target: FaultTarget, edges: tuple[TimedEdge, ...], start_ns: int, stop: StopSignal) -> None:
        try:
            for edge in edges:
                fault = self._by_number[edge.fault]
                prepared = target.prepare(fault, edge, start_ns + fault.until_ns)
                # Only the wait and what is applied go before media: preparing and verifying take long and give way.
                with realtime_priority(RealtimePriority.SOURCE):
                    if stop.by(start_ns + edge.at_ns):
                        return
                    first_ns = monotonic_ns()
                    prepared.apply()
                    last_ns = monotonic_ns()
                verified_ns = _verified_ns(prepared)
                planned_ns = start_ns + edge.at_ns
                self._log.add(FaultEdge(edge.fault, edge.edge, planned_ns, first_ns, last_ns, verified_ns))
        finally:
            target.release()


def _verified_ns(prepared: PreparedEdge) -> int:
    """When an edge was verified; 0, before anything, if it was not."""
    return monotonic_ns() if prepared.verify() else 0
