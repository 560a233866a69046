"""Plays faults on processes, concurrently with the timeline of the links.

Each process has a thread of its own, so that waiting for one to end delays no other fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic_ns

from hostio.control import Workers
from hostio.realtime import RealtimePriority, realtime_priority
from results.run_files.events import FaultEdge
from results.run_files.faults import Fault, Process, ProcessFault
from scenarios.language.timeline import TimedEdge, process_edges
from scenarios.process_faults.fault_target import Target
from scenarios.supervision.processes import ProcessError
from scenarios.supervision.run_control import EventLog, StopSignal
from scenarios.supervision.supervised import PreparedEdge

_JOIN_WITHIN_S = 15.0


class ProcessFaults:
    """`faults`: all faults of the plan, because edges name them by index; `targets`: the processes, to act on."""

    def __init__(self, faults: tuple[Fault, ...], targets: Mapping[Process, Target], log: EventLog) -> None:
        self._faults = faults
        self._by_number = {number: fault for number, fault in enumerate(faults) if isinstance(fault, ProcessFault)}
        self._targets = targets
        self._log = log
        self._workers = Workers()

    def prepare_successor(self) -> None:
        """Have the first successor of each process that will be replaced stand by; before the media start."""
        for process in process_edges(self._faults):
            self._targets[process].prepare_successor()

    def begin(self, start_ns: int, stop: StopSignal) -> None:
        """Play all from the media start, `start_ns` (CLOCK_MONOTONIC), in threads; the stop signal ends them."""
        for process, edges in process_edges(self._faults).items():
            self._begin(process, edges, start_ns, stop)

    def join(self) -> None:
        """Wait until all are played and verified; raises the first error of a thread, ProcessError after 15 s."""
        if self._workers.join(_JOIN_WITHIN_S):
            raise ProcessError("a fault on a process was not played to its end")

    def _begin(self, process: Process, edges: tuple[TimedEdge, ...], start_ns: int, stop: StopSignal) -> None:
        target = self._targets[process]
        self._workers.start(str(process), lambda: self._play(target, edges, start_ns, stop))

    def _play(self, target: Target, edges: tuple[TimedEdge, ...], start_ns: int, stop: StopSignal) -> None:
        try:
            for edge in edges:
                fault = self._by_number[edge.fault]
                prepared = target.prepare(fault, edge, start_ns + fault.until_ns)
                # Preparing and verifying may take seconds, so they run at ordinary priority and delay no media.
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
    """When an edge was verified, CLOCK_MONOTONIC; 0 if it was not."""
    return monotonic_ns() if prepared.verify() else 0
